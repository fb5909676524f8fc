"""IAM: who makes a request, which permissions it takes, and what the caller's policies say to that."""
