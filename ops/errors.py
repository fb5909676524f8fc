"""What an operator's command can say instead of a traceback."""


class OperatorError(Exception):
    """A command could not do what was asked; the message is one line that says what to do about it."""
