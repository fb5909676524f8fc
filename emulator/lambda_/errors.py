"""What can go wrong when functions are started."""


class UnsupportedFunctionError(Exception):
    """The template asks for something the local Lambda does not do; the message names the logical id."""


class UnknownFunctionError(KeyError):
    """No function of the deployment has this name."""
