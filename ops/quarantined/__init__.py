"""Accepted points that could not be stored, with their reasons, and batches that were given up."""
