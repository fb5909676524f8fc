"""Hourly exports: which hours, from where to where, and when a reader may see them. Plain Python, no boto3."""
