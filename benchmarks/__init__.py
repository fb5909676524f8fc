"""Benchmarks: how fast, how much, against what."""
