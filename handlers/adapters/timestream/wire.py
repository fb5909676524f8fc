"""WriteRecords on the wire: by botocore's client, or by its parts alone, in half the processor time of a call.

Both sign with botocore's signer and credentials, discover the endpoint, send over the pools of botocore's HTTP session
(TLS is verified by its or AWS_CA_BUNDLE's certificates, HTTPS_PROXY and NO_PROXY are obeyed), and raise its errors.
"""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import botocore.session
import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError
from botocore.httpsession import URLLib3Session
from botocore.parsers import create_parser
from botocore.utils import get_environ_proxies

from handlers.adapters.aws import CONNECT_TIMEOUT_S, client, code_of
from handlers.adapters.tracing import traced
from handlers.domain.errors import TransientError

READ_TIMEOUT_S = 5.0

_OPERATION = "WriteRecords"
_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": f"Timestream_20181101.{_OPERATION}",
}
_BODY = "_body"
# An endpoint that cannot be asked for again is still the best there is; it is asked for no more than once a minute.
_ASK_AGAIN_S = 60.0

Send = Callable[[AWSPreparedRequest], AWSResponse]


class Wire(Protocol):
    """Sends requests to Timestream from many threads, with one attempt each: only the caller knows for how long."""

    def send(self, body: bytes) -> None:
        """WriteRecords with a body that is JSON already; raises botocore's errors, or `TransientError`."""


class SdkWire:
    """botocore's client, past its serializer, which takes longer than all the rest of a call.

    It is what `PooledWire` is held against.
    """

    def __init__(self, connections: int, endpoint_url: str | None = None) -> None:
        self.sdk = _sdk(connections, endpoint_url)
        event = f"timestream-write.{_OPERATION}"
        self.sdk.meta.events.register(f"before-parameter-build.{event}", _take_body)
        self.sdk.meta.events.register(f"before-call.{event}", _put_body)
        self.sdk.meta.events.register(f"needs-retry.{event}", _give_up_on_endpoint)

    def send(self, body: bytes) -> None:
        """WriteRecords by the client."""
        self.sdk.write_records(**{_BODY: body})


class PooledWire:
    """The parts of botocore's client that a call needs, and nothing else."""

    def __init__(
        self,
        connections: int,
        endpoint_url: str | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sdk = _sdk(1, endpoint_url)  # asks where Timestream is
        session = botocore.session.get_session()
        self._credentials = session.get_credentials()
        self._certificates = session.get_config_variable("ca_bundle") or True
        self._connections = connections
        self._endpoints = _Endpoints(self.sdk, endpoint_url, self.connect, clock)

    def send(self, body: bytes) -> None:
        """WriteRecords over a connection of the pool.

        One that was closed while nobody looked, as while the function was frozen, shows it only now: the request goes
        once more at once, which is harmless, as Timestream knows a record that it has by its version.
        """
        region = self.sdk.meta.region_name
        endpoint = self._endpoints.current()
        with traced("timestream-write", _OPERATION, region) as tracing:
            try:
                response = endpoint.send(self._signed(endpoint.url, body, tracing))
            except ConnectionClosedError:
                response = endpoint.send(self._signed(endpoint.url, body, tracing))
            if response.status_code >= 300:
                error = _error_of(response)
                if code_of(error) == "InvalidEndpointException":
                    self._endpoints.forget(endpoint)
                raise error

    def connect(self, url: str) -> Send:
        """The function that sends a request to the host of a URL, over connections of its own."""
        session = URLLib3Session(
            verify=self._certificates,
            proxies=get_environ_proxies(url),
            timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
            max_pool_connections=self._connections,
            # Head and body go in two packets; the second must not wait for the acknowledgement of the first.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        send: Send = session.send
        return send

    def _signed(self, url: str, body: bytes, tracing: dict[str, str]) -> AWSPreparedRequest:
        request = AWSRequest("POST", url, headers={**_HEADERS, **tracing}, data=body)
        frozen = self._credentials.get_frozen_credentials() if self._credentials else None
        meta = self.sdk.meta
        SigV4Auth(frozen, meta.service_model.signing_name, meta.region_name).add_auth(request)
        return request.prepare()


class _Endpoint(NamedTuple):
    url: str
    send: Send
    ask_again_s: float


class _Endpoints:
    """The endpoint that is written to: the one given, or the one that Timestream names, for as long as it says.

    https://docs.aws.amazon.com/timestream/latest/developerguide/Using-API.endpoint-discovery.how-it-works.html
    """

    def __init__(
        self, sdk: Any, given: str | None, connect: Callable[[str], Send], clock: Callable[[], float]
    ) -> None:
        self._sdk = sdk
        self._given = given
        self._connect = connect
        self._clock = clock
        self._lock = threading.Lock()
        self._known: _Endpoint | None = None

    def current(self) -> _Endpoint:
        """The endpoint to write to now. `TransientError` or one of botocore's errors if none is known."""
        known = self._known
        if known is not None and self._clock() < known.ask_again_s:
            return known
        with self._lock:
            known = self._known
            if known is None or self._clock() >= known.ask_again_s:
                known = self._known = self._ask(known)
            return known

    def forget(self, endpoint: _Endpoint) -> None:
        """Ask for another one before the next call, unless somebody has."""
        with self._lock:
            if self._known is endpoint:
                self._known = None

    def _ask(self, known: _Endpoint | None) -> _Endpoint:
        if self._given is not None:
            return self._connected(self._given.rstrip("/"), float("inf"))
        try:
            [first, *_] = self._sdk.describe_endpoints()["Endpoints"]
        except (BotoCoreError, ClientError, ValueError):
            if known is None:
                raise
            return known._replace(ask_again_s=self._clock() + _ASK_AGAIN_S)
        address = first["Address"]
        url = (address if "://" in address else f"https://{address}").rstrip("/")
        ask_again_s = self._clock() + 60 * first["CachePeriodInMinutes"]
        if known is not None and known.url == f"{url}/":
            return known._replace(ask_again_s=ask_again_s)
        return self._connected(url, ask_again_s)

    def _connected(self, url: str, ask_again_s: float) -> _Endpoint:
        return _Endpoint(f"{url}/", self._connect(url), ask_again_s)


def _sdk(connections: int, endpoint_url: str | None) -> Any:
    return client(
        "timestream-write",
        read_timeout=READ_TIMEOUT_S,
        attempts=1,
        connections=connections,
        endpoint_url=endpoint_url,
    )


def _error_of(response: AWSResponse) -> ClientError:
    """The error as botocore's client raises it, with the members that its model has beside the message."""
    parts = {"status_code": response.status_code, "headers": response.headers, "body": response.content}
    parsed = create_parser("json").parse(parts, None)
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        body = {}
    members = body if isinstance(body, dict) else {}
    return ClientError({**members, **parsed}, _OPERATION)


def _take_body(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    context[_BODY] = params.pop(_BODY)


def _put_body(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    params["body"] = context[_BODY]


def _give_up_on_endpoint(response: tuple[Any, dict[str, Any]] | None, attempts: int, **_: object) -> None:
    # botocore discovers an endpoint anew whenever it is called invalid, without a pause and without an end.
    code = response[1].get("Error", {}).get("Code") if response else None
    if attempts > 1 and code == "InvalidEndpointException":
        raise TransientError(f"WriteRecords: {code}")
