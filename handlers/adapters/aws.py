"""Clients that fail in known ways: what AWS answers becomes one of the domain's failures here.

What makes a client is imported when the first one is made: it takes longer than all else that a function imports.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from handlers.adapters import tracing
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
        "TransactionInProgressException",
    }
)
# Answered with a 4xx although the same request may work next time; a stale endpoint is discovered anew.
_PASSING = frozenset(
    {
        "InvalidEndpointException",
        "OperationAborted",
        "RequestTimeout",
        "RequestTimeoutException",
        "TransactionConflictException",
    }
)
# Of a transaction's items, each with the reason that it kept the transaction from being done by.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_PASSING_REASONS = frozenset(
    {"None", "TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"}
)
_CONNECTION_ERRORS = (exceptions.ConnectionError, exceptions.HTTPClientError)

CONNECT_TIMEOUT_S = 2.0


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
    import botocore.session  # noqa: PLC0415 -- see above
    from botocore.config import Config  # noqa: PLC0415

    tracing.trace_clients()
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections,
        parameter_validation=False,  # half of a call's time, for what our own types already hold
    )
    session = botocore.session.get_session()
    return session.create_client(service, config=config, endpoint_url=endpoint_url)


class LaterClient:
    """A client that is made by its first call: most processes end without one."""

    def __init__(self, service: str, *, read_timeout: float, attempts: int) -> None:
        self._make = partial(client, service, read_timeout=read_timeout, attempts=attempts)

    @cached_property
    def _made(self) -> Any:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)


def aws_errors() -> tuple[type[Exception], ...]:
    """The errors that calls of AWS fail by, for `except`: looked up when something has failed, nothing imported."""
    return (ClientError, BotoCoreError, *_of_loaded("botocore.parsers", "ResponseParserError"))


def code_of(error: Exception) -> str:
    """AWS's own code, or the name of what went wrong on the way there."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def translate(error: Exception) -> TransientError | ConfigurationError:
    """The failure of the domain, naming the code only: AWS's messages carry account numbers and names."""
    code = code_of(error)
    if not isinstance(error, ClientError):
        return TransientError(code) if _is_of_the_way(error) else ConfigurationError(code)
    where = f"{error.operation_name}: {code}"
    # A service may name the one that it was throttled by, as S3 does with KMS.ThrottlingException.
    if code.rpartition(".")[2] in _THROTTLES:
        return ThrottledError(where)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status >= 500 or code in _PASSING:
        return TransientError(where)
    reasons = {str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])}
    if reasons and reasons <= _PASSING_REASONS:
        return TransientError(f"{where} ({', '.join(sorted(reasons - {'None'}))})")
    return ConfigurationError(where)


@contextmanager
def translated() -> Iterator[None]:
    """Around calls of AWS, or on a method that makes them: they fail as the domain knows failures."""
    try:
        yield
    except aws_errors() as error:
        raise translate(error) from error


def _is_of_the_way(error: Exception) -> bool:
    """True if the request, or its answer, was lost on the way."""
    return isinstance(
        error,
        (
            *_CONNECTION_ERRORS,
            *_of_loaded("botocore.discovery", "EndpointDiscoveryRefreshFailed"),
            *_of_loaded("botocore.parsers", "ResponseParserError"),
        ),
    )


def _of_loaded(module: str, name: str) -> list[type[Exception]]:
    """The class of errors of a module that nobody may have imported: then nothing has failed by it."""
    return [getattr(sys.modules[module], name)] if module in sys.modules else []
