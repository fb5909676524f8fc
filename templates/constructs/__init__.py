"""Constructs: what several components need in the same way, such as a function with its role and log, or a table."""
