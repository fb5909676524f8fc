"""The clients that post with a token: what a token is, and whose it is."""
