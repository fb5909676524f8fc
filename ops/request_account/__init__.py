"""The account of a request: how it came in, and where each of its points ended."""
