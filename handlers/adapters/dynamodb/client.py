"""DynamoDB by its HTTP API: what botocore's client does, at a tenth of its processor time and of its import.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import os
import random
import time
import uuid
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Protocol

import orjson
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as NotConnectedError

from handlers.adapters import sdk_settings
from handlers.adapters.aws import CONNECT_TIMEOUT_S, ThrottledError, client, translate
from handlers.adapters.http.answers import Answer
from handlers.adapters.http.client import HttpClient
from handlers.adapters.http.connections import Timeouts
from handlers.adapters.http.origins import needs_another_client, origin_of
from handlers.adapters.json_protocol import JsonProtocol, error_of
from handlers.adapters.signing import Signer
from handlers.adapters.tracing import subsegment

_SERVICE = "dynamodb"
# The longest first waits before the same request goes again; each further one may be twice as long.
_BACKOFF_S = 0.1
_THROTTLED_BACKOFF_S = 1.0  # as botocore's: a partition takes more only after a while

Answered = dict[str, Any]


class DynamoDb(Protocol):
    """The operations that are used here, with the arguments and the errors of botocore's client.

    They may be called from several threads.
    """

    def get_item(self, **request: Any) -> Answered:
        """GetItem."""

    def batch_get_item(self, **request: Any) -> Answered:
        """BatchGetItem."""

    def query(self, **request: Any) -> Answered:
        """Query."""

    def update_item(self, **request: Any) -> Answered:
        """UpdateItem."""

    def batch_write_item(self, **request: Any) -> Answered:
        """BatchWriteItem."""

    def put_item(self, **request: Any) -> Answered:
        """PutItem."""

    def delete_item(self, **request: Any) -> Answered:
        """DeleteItem."""

    def transact_write_items(self, **request: Any) -> Answered:
        """TransactWriteItems, which however often it is sent is done once."""

    def scan(self, **request: Any) -> Answered:
        """Scan."""


def connect_to_dynamodb(*, read_timeout_s: float, attempts: int, connections: int) -> DynamoDb:
    """A client whose calls end within `attempts` times 2 s to connect and `read_timeout_s` seconds to answer.

    It is botocore's where a proxy is to be spoken to by TLS.
    """
    if needs_another_client(os.environ):
        found: DynamoDb = client(
            _SERVICE, read_timeout=read_timeout_s, attempts=attempts, connections=connections
        )
        return found
    return HttpDynamoDb(read_timeout_s=read_timeout_s, attempts=attempts)


def _operation(name: str) -> "Callable[..., Answered]":
    def operation(self: "HttpDynamoDb", **request: Any) -> Answered:
        return self.call(name, request)

    return operation


class HttpDynamoDb:
    """A client with connections of its own, at most one for each call that is under way at the same time."""

    def __init__(
        self,
        *,
        read_timeout_s: float,
        attempts: int,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._region = sdk_settings.region()
        self._credentials = sdk_settings.credentials()
        self._certificates = sdk_settings.certificates()
        self._origin = origin_of(
            sdk_settings.service_url(_SERVICE, f"dynamodb.{self._region}.amazonaws.com", self._region)
        )
        self._protocol = JsonProtocol(Signer(_SERVICE, self._region), "DynamoDB_20120810")
        self._timeouts = Timeouts(CONNECT_TIMEOUT_S, read_timeout_s)
        self._attempts = attempts
        self._sleep = sleep
        self._jitter = jitter
        self._free: list[HttpClient] = []  # taken from and given back to its end, as one step each

    get_item = _operation("GetItem")
    batch_get_item = _operation("BatchGetItem")
    query = _operation("Query")
    update_item = _operation("UpdateItem")
    batch_write_item = _operation("BatchWriteItem")
    put_item = _operation("PutItem")
    delete_item = _operation("DeleteItem")
    scan = _operation("Scan")

    def transact_write_items(self, **request: Any) -> Answered:
        """TransactWriteItems, under a token by which it is known if it is sent again."""
        return self.call("TransactWriteItems", {"ClientRequestToken": str(uuid.uuid4()), **request})

    def call(self, operation: str, request: Mapping[str, Any]) -> Answered:
        """The answer to an operation. Raises botocore's errors, those of the service as `ClientError`.

        What may pass is tried again as by the SDKs' standard mode, but without its quota of retries: the attempts that
        a function allows are few.
        https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        """
        body = orjson.dumps(request, default=_binary)
        for attempt in range(1, self._attempts + 1):
            try:
                return self._attempt(operation, body)
            except (ClientError, BotoCoreError) as error:
                if attempt == self._attempts or not _may_pass(error):
                    raise
                longest_s = _THROTTLED_BACKOFF_S if _is_throttle(error) else _BACKOFF_S
            # Full jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
            self._sleep(longest_s * 2 ** (attempt - 1) * self._jitter())
        raise AssertionError  # no attempts

    def _attempt(self, operation: str, body: bytes) -> Answered:
        if self._credentials is None:
            raise NoCredentialsError
        trace = subsegment(_SERVICE, operation, self._region)
        try:
            answer = self._send(
                self._protocol.request(
                    self._origin,
                    operation,
                    body,
                    self._credentials.get_frozen_credentials(),
                    trace.header if trace else "",
                )
            )
            answered = _read(answer, operation)
        except (ClientError, BotoCoreError) as error:
            if trace is not None:
                trace.end(error)
            raise
        if trace is not None:
            trace.end(None)
        return answered

    def _send(self, request: bytes) -> Answer:
        try:
            http = self._free.pop()
        except IndexError:
            http = HttpClient(self._timeouts, self._certificates)
        http.start(self._origin, request, None)
        ended = http.ended(float("inf"))  # it keeps its own time
        self._free.append(http)
        [(_, end)] = ended
        if isinstance(end, BotoCoreError):
            raise end
        return end


def _read(answer: Answer, operation: str) -> Answered:
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
        raise error_of(answer, operation)
    checksum = answer.headers.get("x-amz-crc32")
    if checksum is not None and checksum != str(zlib.crc32(answer.body)):
        raise HTTPClientError(error=f"{operation}: the answer is not what was sent")
    try:
        answered = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        answered = None
    if not isinstance(answered, dict):
        raise HTTPClientError(error=f"{operation}: the answer is no object of JSON")
    return _with_bytes(answered) if b'"B":' in answer.body else answered


def _may_pass(error: ClientError | BotoCoreError) -> bool:
    """True if the same request may succeed a moment later."""
    if not isinstance(error, ClientError):
        return isinstance(error, NotConnectedError | HTTPClientError)
    status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or _is_throttle(error)


def _is_throttle(error: Exception) -> bool:
    return isinstance(translate(error), ThrottledError)


def _binary(value: object) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"no value of DynamoDB: {type(value).__name__}")


def _with_bytes(value: Any) -> Any:
    """The same with binary attributes as bytes."""
    if isinstance(value, list):
        return [_with_bytes(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"B"} and isinstance(value["B"], str):
        return {"B": b64decode(value["B"])}
    return {name: _with_bytes(item) for name, item in value.items()}
