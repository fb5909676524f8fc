"""What can keep the local run from starting."""


class LocalError(Exception):
    """The local run cannot start as asked; the message is one line that says what to do."""
