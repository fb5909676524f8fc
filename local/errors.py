"""The failure of a local run to start."""


class LocalError(Exception):
    """The local run cannot start as asked; the message is one line that says what to do."""
