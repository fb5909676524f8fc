"""Lambda: functions in processes of their own behind the Runtime API, and the mappings that feed them."""
