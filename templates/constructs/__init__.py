"""What several components need in the same way: a function with its role and logs, an alarm, a bucket."""
