"""Points that somebody is about to send: read from files, and held against the pipeline's rules."""
