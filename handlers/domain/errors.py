"""The failures that are no fault of a point: one passes by itself, the other needs an operator."""


class TransientError(Exception):
    """A failure that may pass: what was being done is reported back to the stream and done again."""


class ConfigurationError(Exception):
    """A failure that lasts until an operator changes the deployment: the whole batch fails, loudly, and is kept."""
