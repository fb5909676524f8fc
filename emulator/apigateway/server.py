"""The HTTP server in front of an API: one thread per connection, connections kept alive."""

import contextlib
import logging
import re
import socket
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from emulator.apigateway.content_coding import check_size
from emulator.apigateway.errors import GatewayError
from emulator.apigateway.execute_api import ApiServing
from emulator.apigateway.integrations import AwsCaller
from emulator.apigateway.load_api import read_api
from emulator.apigateway.request import Request, Response
from emulator.apigateway.signature import LocalCredentials
from emulator.apigateway.stats import GatewayStats, StatsCounter
from emulator.clock import Clock
from emulator.cloudformation.deployment import Deployment

_LOG = logging.getLogger(__name__)
_BREAKS = re.compile(r"[\r\n]+")
# Seconds that requests under way get when the gateway is closed: a bit more than an integration may take.
_LAST_ANSWERS = 30
# How much of a body that is too large is read to no purpose, and how long its sender may pause.
_DISCARD_BYTES = 64 * 1024 * 1024
_DISCARD_SECONDS = 1
# Seconds a client may take to send the rest of a request, or stay idle on a kept connection.
_IDLE = 60


class Gateway:
    """A REST API that is being served; close it when done."""

    def __init__(self, server: "_Server", stats: StatsCounter, caller: AwsCaller) -> None:
        self._server = server
        self._stats = stats
        self._caller = caller
        self._thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="gateway", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The root of the API; the stage is not part of it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stats(self) -> GatewayStats:
        """Return what was answered so far."""
        return self._stats.snapshot()

    def close(self) -> None:
        """Take no more requests, answer those under way, end kept connections. A second call does nothing."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server.finish_requests(_LAST_ANSWERS)
            self._caller.close()


def serve_gateway(
    deployment: Deployment,
    *,
    port: int,
    endpoint_url: str,
    clock: Clock,
    credentials: LocalCredentials | None = None,
    remember_requests: bool = False,
) -> Gateway:
    """Serve the deployment's REST API on 127.0.0.1; port 0 takes a free one.

    Raises UnsupportedApiError, naming the logical id, for what cannot be served as AWS would, and OSError when the
    port is taken. With `remember_requests` the stats also tell the accepted points of each request id.
    """
    known = credentials or LocalCredentials()
    api = read_api(deployment)
    stats = StatsCounter(remember_requests=remember_requests)
    caller = AwsCaller(endpoint_url, deployment.region, known)
    server = _Server(port, ApiServing(api, caller, clock, stats, known))
    return Gateway(server, stats, caller)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    block_on_close = False

    def __init__(self, port: int, serving: ApiServing) -> None:
        self.serving = serving
        self.closing = False
        self._connections: set[socket.socket] = set()
        self._answering = 0
        self._changed = threading.Condition()
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - http.server's
        """Note it: the client is gone, or it sent what is no HTTP."""
        _LOG.debug("a connection ended in an error", exc_info=True)

    def finish_requests(self, seconds: float) -> None:
        """Wait for the requests under way, then end kept connections, so that their threads end."""
        with self._changed:
            self.closing = True
            self._changed.wait_for(lambda: self._answering == 0, seconds)
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection until it is closed."""
        with self._changed:
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._changed:
            self._connections.discard(connection)

    @contextlib.contextmanager
    def answering(self) -> Iterator[bool]:
        """Count a request as under way; gives False when it came too late to be answered."""
        with self._changed:
            in_time = not self.closing
            self._answering += 1
        try:
            yield in_time
        finally:
            with self._changed:
                self._answering -= 1
                self._changed.notify_all()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE
    # One write per response: with Nagle's algorithm a second one would wait for the client's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server
    connection: socket.socket

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()
            return
        self.close_connection = True

    def handle_expect_100(self) -> bool:
        """Tell a client that asks first, as curl does with large bodies, to send on."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def _answer(self) -> None:
        with self.server.answering() as in_time:
            if not in_time:
                self.close_connection = True
                return
            self._answer_now()

    def _answer_now(self) -> None:
        request = Request(
            method=self.command,
            target=self.path,
            headers=tuple((name, value) for name, value in self.headers.items()),
            body=b"",
            source_ip=self.client_address[0],
        )
        try:
            request.body = self._read_body()
        except GatewayError as error:
            self.close_connection = True
            self._send(self.server.serving.too_large(request, error))
            self._discard()
            return
        except ValueError:
            self.send_error(400)
            return
        self._send(self.server.serving.answer(request))

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = _answer  # noqa: N815 - http.server's names

    def _read_body(self) -> bytes:
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            return self._read_chunks()
        length = _length(self.headers.get("Content-Length") or "0", 10)
        check_size(length)
        return self._read(length)

    def _read_chunks(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            length = _length(self.rfile.readline(1024).partition(b";")[0].decode("latin-1"), 16)
            size += length
            check_size(size)
            parts.append(self._read(length))
            self.rfile.readline(1024)
            if length == 0:
                return b"".join(parts)

    def _read(self, length: int) -> bytes:
        """Read a part of the body; a client that went away before its end has sent no request."""
        part = self.rfile.read(length)
        if len(part) < length:
            raise ValueError("the body ends early")
        return part

    def _discard(self) -> None:
        """Read on for a while: a client that is still sending would get a reset instead of the answer."""
        self.connection.settimeout(_DISCARD_SECONDS)
        left = _DISCARD_BYTES
        with contextlib.suppress(OSError):
            while left > 0 and (chunk := self.rfile.read(min(left, 65536))):
                left -= len(chunk)

    def _send(self, response: Response) -> None:
        self.send_response_only(response.status)
        for name, value in response.headers:
            self.send_header(name, _BREAKS.sub(" ", value))
        if response.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(response.body)))
        self.close_connection = self.close_connection or self.server.closing
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer what is no HTTP request at all, without a word about this server."""
        self.close_connection = True
        self._send(Response(code, (("Content-Type", "application/json"),), b'{"message":"Bad Request"}'))

    def log_message(self, *_: object) -> None:
        """Keep quiet: the stats tell what was answered."""


def _length(text: str, base: int) -> int:
    """A length as HTTP writes it: digits only, where Python also takes signs and underscores."""
    digits = text.strip()
    if not digits.isalnum():
        raise ValueError("not a length")
    return int(digits, base)
