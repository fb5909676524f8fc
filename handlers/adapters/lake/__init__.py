"""The lake behind the store's ports: objects in S3, tables and views in AWS Glue, SQL of Amazon Athena."""
