"""Silences: of which alerts nothing is sent, and when."""
