"""Failures that an operator reads as one line, AWS's refusals among them."""

import contextlib
from collections.abc import Iterator
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from handlers.domain.errors import ConfigurationError, TransientError


class OperatorError(Exception):
    """A command could not do what was asked; the message is one line that says what to do about it."""


REFUSALS = (ClientError, BotoCoreError, ConfigurationError, TransientError)
"""AWS's refusals, from a client or through the functions' adapters."""


@contextlib.contextmanager
def refusals(doing: str) -> Iterator[None]:
    """Turn a refusal of AWS into an OperatorError that begins with what was being done: "cannot …"."""
    try:
        yield
    except REFUSALS as error:
        raise OperatorError(f"{doing}: {reason_of(error)}") from error


def reason_of(error: Exception) -> str:
    """The reason of a refusal in one line."""
    if isinstance(error, NoCredentialsError):
        return "no AWS credentials; for a local run: `make run`, then source build/local.env"
    if isinstance(error, EndpointConnectionError):
        url = urlsplit(str(error.kwargs.get("endpoint_url", "")))
        if url.scheme == "http":  # AWS is asked by https alone
            return f"nothing listens at {url.netloc}; is `make run` up?"
    if isinstance(error, ClientError):
        return one_line(error.response["Error"].get("Message") or code_of(error))
    return one_line(str(error))


def code_of(error: ClientError) -> str:
    """AWS's own code."""
    return str(error.response["Error"]["Code"])


def one_line(text: str) -> str:
    """The text without line breaks."""
    return " ".join(text.split())
