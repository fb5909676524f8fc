"""The domain: plain Python, no boto3."""
