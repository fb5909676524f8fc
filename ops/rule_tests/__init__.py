"""Tests of alert rules: files of points and of what the rules are expected to make of them."""
