"""Feeds the pipeline with this machine's own metrics, over HTTP, as any client would."""
