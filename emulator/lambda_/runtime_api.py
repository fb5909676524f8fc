"""The Lambda Runtime API of one execution environment, on loopback.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import queue
import re
from dataclasses import dataclass

from emulator.http_server import HttpRequest, HttpServer, Response
from emulator.lambda_.invocation import MAX_RESPONSE_BYTES, InvokeResult, failed

_PREFIX = "/2018-06-01/runtime"
_REPLY = re.compile(rf"{_PREFIX}/invocation/(?P<id>[^/]+)/(?P<kind>response|error)")
_ACCEPTED = Response(202, body=b'{"status":"OK"}')
_BODY_LIMIT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Event:
    """One invocation as the runtime client gets it."""

    request_id: str
    payload: bytes
    deadline_ms: int
    function_arn: str
    trace: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The function is initialised and asks for its next event."""


@dataclass(frozen=True, slots=True)
class InitFailed:
    """The function could not be initialised."""

    result: InvokeResult


@dataclass(frozen=True, slots=True)
class Answered:
    """The function answered an invocation."""

    request_id: str
    result: InvokeResult


@dataclass(frozen=True, slots=True)
class Exited:
    """The function's process ended."""

    status: int


Signal = Ready | InitFailed | Answered | Exited


class RuntimeApi:
    """The events for a runtime client, and the signals that it gives; close it with the process."""

    def __init__(self) -> None:
        self.signals: queue.Queue[Signal] = queue.Queue()
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._server = HttpServer(0, name="runtime-api", body_limit=_BODY_LIMIT_BYTES)
        self._server.start(self)

    @property
    def address(self) -> str:
        """The host and port for AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.port}"

    def offer(self, event: Event) -> None:
        """Give the client its next event."""
        self._events.put(event)

    def close(self) -> None:
        """Let a waiting client go and stop answering."""
        self._events.put(None)
        self._server.close()

    def answer(self, request: HttpRequest) -> Response:
        """The response to a call of the runtime client; one for the next event waits until there is one."""
        if (request.method, request.path) == ("GET", f"{_PREFIX}/invocation/next"):
            return self._next_event()
        if (request.method, request.path) == ("POST", f"{_PREFIX}/init/error"):
            self.signals.put(InitFailed(InvokeResult(request.body, "Unhandled")))
            return _ACCEPTED
        reply = _REPLY.fullmatch(request.path)
        if request.method != "POST" or reply is None:
            return Response(404)
        if len(request.body) > MAX_RESPONSE_BYTES:
            message = (
                f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
            )
            self.signals.put(Answered(reply["id"], failed("Function.ResponseSizeTooLarge", message)))
            return Response(413, body=_ACCEPTED.body)
        error = "Unhandled" if reply["kind"] == "error" else None
        self.signals.put(Answered(reply["id"], InvokeResult(request.body, error)))
        return _ACCEPTED

    def too_large(self, _: HttpRequest) -> Response:
        """The refusal of a body that no function would send."""
        return Response(413)

    def _next_event(self) -> Response:
        self.signals.put(Ready())
        event = self._events.get()
        if event is None:
            return Response(410)
        headers = (
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", event.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(event.deadline_ms)),
            ("Lambda-Runtime-Invoked-Function-Arn", event.function_arn),
            ("Lambda-Runtime-Trace-Id", event.trace),
        )
        return Response(200, headers, event.payload)
