"""HTTP/1.1 with many requests in flight from one thread, for AWS's APIs."""
