"""Clients that fail in known ways: what AWS answers becomes one of the domain's failures here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore import exceptions
from botocore.config import Config
from botocore.discovery import EndpointDiscoveryRefreshFailed
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from handlers.domain.errors import ConfigurationError, TransientError

_THROTTLES = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# Answered with a 4xx although the same request may work next time; a stale endpoint is discovered anew.
_PASSING = frozenset(
    {"InvalidEndpointException", "OperationAborted", "RequestTimeout", "RequestTimeoutException"}
)
_CONNECTION_ERRORS = (
    exceptions.ConnectionError,
    exceptions.HTTPClientError,
    EndpointDiscoveryRefreshFailed,
    ResponseParserError,
)

CONNECT_TIMEOUT_S = 2.0

AWS_ERRORS = (ClientError, BotoCoreError, ResponseParserError)


class ThrottledError(TransientError):
    """AWS takes the request at a lower rate only."""


def client(
    service: str,
    *,
    read_timeout: float,
    attempts: int,
    connections: int = 2,
    endpoint_url: str | None = None,
) -> Any:
    """A client whose calls end within `attempts` times two seconds to connect and `read_timeout` seconds to answer.

    With an endpoint given, botocore asks no service where it is; the variable AWS_ENDPOINT_URL does not do that.
    """
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections,
        parameter_validation=False,  # half of a call's time, for what our own types already hold
    )
    return boto3.session.Session().client(service, config=config, endpoint_url=endpoint_url)


def code_of(error: Exception) -> str:
    """AWS's own code, or the name of what went wrong on the way there."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def translate(error: Exception) -> TransientError | ConfigurationError:
    """The failure of the domain, naming the code only: AWS's messages carry account numbers and names."""
    code = code_of(error)
    if not isinstance(error, ClientError):
        return TransientError(code) if isinstance(error, _CONNECTION_ERRORS) else ConfigurationError(code)
    where = f"{error.operation_name}: {code}"
    # A service may name the one that it was throttled by, as S3 does with KMS.ThrottlingException.
    if code.rpartition(".")[2] in _THROTTLES:
        return ThrottledError(where)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status >= 500 or code in _PASSING:
        return TransientError(where)
    return ConfigurationError(where)


@contextmanager
def translated() -> Iterator[None]:
    """Around calls of AWS, or on a method that makes them: they fail as the domain knows failures."""
    try:
        yield
    except AWS_ERRORS as error:
        raise translate(error) from error
