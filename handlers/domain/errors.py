"""The failures that are not the point's own fault: one passes by itself, the other needs an operator."""


class TransientError(Exception):
    """It may work later: what was being done is reported back to the stream and done again."""


class ConfigurationError(Exception):
    """It cannot work until somebody changes the deployment: the whole batch fails, loudly, and is kept."""
