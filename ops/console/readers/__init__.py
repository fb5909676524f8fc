"""Readers: what AWS says, as values that pages show; each is called from a thread and may raise OperatorError."""
