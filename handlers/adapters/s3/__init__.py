"""S3: one module for each bucket."""
