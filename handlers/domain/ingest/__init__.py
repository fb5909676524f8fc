"""Ingest: from a record of the stream to points in the store and lines in the quarantine."""
