"""SNS: the delivery of notifications, each to its own subscriber, whatever becomes of the others."""
