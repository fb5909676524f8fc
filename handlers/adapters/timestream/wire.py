"""WriteRecords on the wire: many calls in flight at once, from one thread.

Of AWS's SDK this keeps what a mistake could lose data or keys by: whose certificates are believed, when a proxy is
used, how credentials are renewed, which errors there are. Its client does the same at ten times the processor time.
"""

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, HTTPClientError, NoCredentialsError

from handlers.adapters import sdk_settings
from handlers.adapters.aws import CONNECT_TIMEOUT_S, code_of
from handlers.adapters.http.answers import Answer
from handlers.adapters.http.client import HttpClient
from handlers.adapters.http.connections import Timeouts
from handlers.adapters.http.origins import Origin, origin_of
from handlers.adapters.json_protocol import JsonProtocol, error_of
from handlers.adapters.signing import Signer
from handlers.adapters.timestream.endpoints import Endpoints
from handlers.adapters.tracing import Subsegment, subsegment
from handlers.domain.errors import ConfigurationError, TransientError

READ_TIMEOUT_S = 5.0

_SERVICE = "timestream-write"
_WRITE, _DESCRIBE = "WriteRecords", "DescribeEndpoints"
_FAILURES = (BotoCoreError, TransientError, ConfigurationError)


class Ended(NamedTuple):
    """The end of a call: None, or what it failed by."""

    call: object
    error: Exception | None


class Wire(Protocol):
    """Carries calls of WriteRecords, with one attempt each: only the caller knows for how long to go on."""

    connections: int  # so many calls may be in flight

    def start(self, body: bytes, call: object) -> None:
        """Begin a call with a body that is JSON already; its end is told under the name `call`."""

    def ended(self, timeout_s: float) -> list[Ended]:
        """The calls that have ended since, at least one unless the time is over.

        They fail by botocore's errors, or by the domain's.
        """

    def abandon(self) -> None:
        """Whatever is in flight is not waited for any more."""


class _Call(NamedTuple):
    call: object
    endpoint: Origin
    subsegment: Subsegment | None


class PooledWire:
    """Connections of our own, which are kept from call to call, and a signer of our own."""

    def __init__(
        self,
        connections: int,
        endpoint_url: str | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connections = connections
        self._region = region = sdk_settings.region()
        self._credentials = sdk_settings.credentials()
        self._protocol = JsonProtocol(Signer("timestream", region), "Timestream_20181101")
        self._http = HttpClient(Timeouts(CONNECT_TIMEOUT_S, READ_TIMEOUT_S), sdk_settings.certificates())
        self._endpoints = Endpoints(endpoint_url, clock)
        self._waiting: list[tuple[bytes, object]] = []  # for an endpoint
        self._asked = False
        self._failed: list[Ended] = []

    def start(self, body: bytes, call: object) -> None:
        """WriteRecords over a connection that is free; first the endpoint is asked for if it is not known."""
        endpoint = self._endpoints.current()
        if endpoint is not None:
            self._write(endpoint, body, call)
            return
        self._waiting.append((body, call))
        if not self._asked:
            self._ask()

    def ended(self, timeout_s: float) -> list[Ended]:
        """The calls that have ended since; calls that wait for an endpoint begin as soon as it is known."""
        until_s = time.monotonic() + timeout_s
        while True:
            found = self._http.ended(0 if self._failed else until_s - time.monotonic())
            for key, end in found:
                if isinstance(key, _Call):
                    self._failed.append(self._end_of(key, end))
                else:
                    self._told(end)
            if self._failed or not found:
                ended, self._failed = self._failed, []
                return ended

    def abandon(self) -> None:
        """Connections with calls in flight are closed."""
        self._http.abandon()
        self._waiting, self._failed, self._asked = [], [], False

    def _write(self, endpoint: Origin, body: bytes, call: object) -> None:
        trace = subsegment(_SERVICE, _WRITE, self._region)
        try:
            request = self._request(endpoint, _WRITE, body, trace.header if trace else "")
        except _FAILURES as error:
            self._failed.append(Ended(call, error))
        else:
            self._http.start(endpoint, request, _Call(call, endpoint, trace))

    def _end_of(self, key: _Call, end: Answer | BotoCoreError) -> Ended:
        error: Exception | None = None
        if not isinstance(end, Answer):
            error = end
        elif end.status >= 300:
            error = error_of(end, _WRITE)
            if code_of(error) == "InvalidEndpointException":
                self._endpoints.forget(key.endpoint)
        elif not end.body.lstrip().startswith(b"{"):  # somebody else answered, who has stored nothing
            error = HTTPClientError(error=f"{_WRITE}: the answer is no object of JSON")
        if key.subsegment is not None:
            key.subsegment.end(error)
        return Ended(key.call, error)

    def _ask(self) -> None:
        try:
            host = f"ingest.timestream.{self._region}.amazonaws.com"
            origin = origin_of(sdk_settings.service_url(_SERVICE, host, self._region))
            request = self._request(origin, _DESCRIBE, b"{}")
        except _FAILURES as error:
            self._go_on(error)
        else:
            self._asked = True
            self._http.start(origin, request, _DESCRIBE)

    def _told(self, end: Answer | BotoCoreError) -> None:
        self._asked = False
        error: Exception | None = None
        if not isinstance(end, Answer):
            error = end
        elif end.status >= 300:
            error = error_of(end, _DESCRIBE)
        else:
            try:
                self._endpoints.learn(end)
            except TransientError as unclear:
                error = unclear
        self._go_on(error)

    def _go_on(self, error: Exception | None) -> None:
        """Begin the calls that have waited, or end them if there is no endpoint, not even an old one."""
        waiting, self._waiting = self._waiting, []
        endpoint = self._endpoints.current() if error is None else self._endpoints.old()
        for body, call in waiting:
            if endpoint is None:
                self._failed.append(Ended(call, error))
            else:
                self._write(endpoint, body, call)

    def _request(self, endpoint: Origin, operation: str, body: bytes, trace: str = "") -> bytes:
        if self._credentials is None:
            raise NoCredentialsError
        keys = self._credentials.get_frozen_credentials()
        return self._protocol.request(endpoint, operation, body, keys, trace)
