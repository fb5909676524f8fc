"""The state of an alert: what is remembered of it, and how it changes."""
