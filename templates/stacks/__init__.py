"""Whole templates: one module builds one stack, and reads as its data flow."""
