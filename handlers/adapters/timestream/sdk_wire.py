"""WriteRecords by botocore's client, on a thread for each call in flight."""

from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.timestream import wire
from handlers.adapters.timestream.wire import Ended
from handlers.domain.errors import TransientError

_OPERATION = "WriteRecords"
_BODY = "_body"


class SdkWire:
    """botocore's client, past its serializer, which takes longer than all the rest of a call.

    It is what `PooledWire` is held against, and goes where that cannot: through proxies of other kinds.
    """

    def __init__(self, connections: int, endpoint_url: str | None = None) -> None:
        self.connections = connections
        self.sdk = client(
            "timestream-write",
            read_timeout=wire.READ_TIMEOUT_S,
            attempts=1,
            connections=connections,
            endpoint_url=endpoint_url,
        )
        event = f"timestream-write.{_OPERATION}"
        self.sdk.meta.events.register(f"before-parameter-build.{event}", _take_body)
        self.sdk.meta.events.register(f"before-call.{event}", _put_body)
        self.sdk.meta.events.register(f"needs-retry.{event}", _give_up_on_endpoint)
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="timestream")
        self._ended: SimpleQueue[Ended] = SimpleQueue()

    def start(self, body: bytes, call: object) -> None:
        """WriteRecords by the client."""
        self._threads.submit(self._send, body, call, self._ended)

    def ended(self, timeout_s: float) -> list[Ended]:
        """The calls that have ended since, at least one unless the time is over."""
        ended: list[Ended] = []
        try:
            ended.append(self._ended.get(timeout=timeout_s))
            while True:
                ended.append(self._ended.get_nowait())
        except Empty:
            return ended

    def abandon(self) -> None:
        """Calls that are in flight end unheard."""
        self._ended = SimpleQueue()

    def _send(self, body: bytes, call: object, ended: "SimpleQueue[Ended]") -> None:
        try:
            self.sdk.write_records(**{_BODY: body})
        except Exception as error:  # noqa: BLE001 -- whoever waits for the call is told, and decides
            ended.put(Ended(call, error))
        else:
            ended.put(Ended(call, None))


def _take_body(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    context[_BODY] = params.pop(_BODY)


def _put_body(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    params["body"] = context[_BODY]


def _give_up_on_endpoint(response: tuple[Any, dict[str, Any]] | None, attempts: int, **_: object) -> None:
    # botocore discovers an endpoint anew whenever it is called invalid, without a pause and without an end.
    code = response[1].get("Error", {}).get("Code") if response else None
    if attempts > 1 and code == "InvalidEndpointException":
        raise TransientError(f"WriteRecords: {code}")
