"""Amazon Athena: SQL over Glue tables of objects in S3."""
