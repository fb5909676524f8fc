"""CloudWatch: the metrics that services and callers put, what is asked of them, and the alarms that watch them."""
