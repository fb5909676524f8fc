"""The Lambda Runtime API of one execution environment, on loopback.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import contextlib
import queue
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from emulator.lambda_.invocation import MAX_RESPONSE_BYTES, InvokeResult, failed

_PREFIX = "/2018-06-01/runtime"
_REPLY = re.compile(rf"{_PREFIX}/invocation/(?P<id>[^/]+)/(?P<kind>response|error)")


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
    """Hands events to a runtime client and reports what it says; close it with the process."""

    def __init__(self) -> None:
        self.signals: queue.Queue[Signal] = queue.Queue()
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="runtime-api", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """Return host and port for AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def offer(self, event: Event) -> None:
        """Give the client its next event."""
        self._events.put(event)

    def next_event(self) -> Event | None:
        """Wait for an event on behalf of the client; None when the environment is closed."""
        self.signals.put(Ready())
        return self._events.get()

    def close(self) -> None:
        """Let a waiting client go and stop answering."""
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Leave it: a client that goes away is a process that ended, which is seen elsewhere."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        if self.path != f"{_PREFIX}/invocation/next":
            self._send(404, {})
            return
        event = self.server.api.next_event()
        if event is None:
            self.close_connection = True
            return
        self._send(
            200,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": event.request_id,
                "Lambda-Runtime-Deadline-Ms": str(event.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": event.function_arn,
                "Lambda-Runtime-Trace-Id": event.trace,
            },
            event.payload,
        )

    def do_POST(self) -> None:
        body = self._body()
        signals = self.server.api.signals
        if self.path == f"{_PREFIX}/init/error":
            signals.put(InitFailed(InvokeResult(body, "Unhandled")))
            self._send(202, {}, b'{"status":"OK"}')
            return
        reply = _REPLY.fullmatch(self.path)
        if reply is None:
            self._send(404, {})
            return
        result = InvokeResult(body, "Unhandled" if reply["kind"] == "error" else None)
        too_large = len(body) > MAX_RESPONSE_BYTES
        if too_large:
            message = (
                f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
            )
            result = failed("Function.ResponseSizeTooLarge", message)
        signals.put(Answered(reply["id"], result))
        self._send(413 if too_large else 202, {}, b'{"status":"OK"}')

    def _body(self) -> bytes:
        if "chunked" not in (self.headers.get("Transfer-Encoding") or "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts: list[bytes] = []
        while length := int(self.rfile.readline(100), 16):
            parts.append(self.rfile.read(length))
            self.rfile.readline(100)
        self.rfile.readline(100)
        return b"".join(parts)

    def _send(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        with contextlib.suppress(ConnectionError):
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Keep quiet: the function's own log tells what happened."""
