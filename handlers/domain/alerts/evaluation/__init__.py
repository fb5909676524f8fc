"""Evaluation: which periods are due or late, and what they mean for the alerts."""
