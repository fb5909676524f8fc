"""A threaded HTTP server on the loopback interface: connections are kept alive, and none is left when it is closed.

The endpoint, every served API and every function's Runtime API stand behind one of these.
"""

import contextlib
import errno
import logging
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, Self

from emulator.clock import Clock
from emulator.errors import PortInUseError
from emulator.once import once

LOOPBACK = "127.0.0.1"
_LOG = logging.getLogger(__name__)
_BREAKS = re.compile(r"[\r\n]+")
_DIGITS = {10: re.compile("[0-9]+"), 16: re.compile("[0-9A-Fa-f]+")}
_HEAD_BYTES = 64 * 1024
# How much of a body that is too large is read to no purpose, and how long its sender may pause.
_DISCARD_BYTES = 64 * 1024 * 1024
_DISCARD_S = 1.0


@dataclass
class HttpRequest:
    """A request with its body read; header names are looked up in any case."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str = "127.0.0.1"

    @classmethod
    def of(cls, request: "HttpRequest") -> Self:
        """The same request in the words of one of its readers."""
        return cls(request.method, request.target, request.headers, request.body, request.source_ip)

    @once
    def _folded(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers}

    def header(self, name: str) -> str | None:
        """A header's value; the last one when it was sent twice, as API Gateway does."""
        return self._folded.get(name.lower())

    @once
    def path(self) -> str:
        """The path without the query string."""
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; its length is added where the headers do not state it."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


class Answerer(Protocol):
    """The application behind a server; called from many threads."""

    def answer(self, request: HttpRequest) -> Response:
        """The response to a request; ConnectionError ends the connection without one."""

    def too_large(self, request: HttpRequest) -> Response:
        """The response to a request whose body is over the limit and was not read."""


class _TooLargeError(Exception):
    pass


class HttpServer(ThreadingHTTPServer):
    """Answers requests, each connection in a thread, from `start` until `close`.

    `body_limit` is in bytes; a connection that is silent for `idle_s` seconds is ended, and `close` lets requests
    under way take `drain_s` seconds. With a clock, answers carry its time, as those of AWS do. `host` is the
    address that it listens on. Raises PortInUseError; port 0 takes a free one.
    """

    allow_reuse_address = True
    # A caller that ends without closing must not hang; one that closes waits for the threads below.
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self,
        port: int,
        *,
        name: str,
        body_limit: int,
        idle_s: float | None = None,
        drain_s: float = 0.0,
        clock: Clock | None = None,
        host: str = LOOPBACK,
    ) -> None:
        self.clock = clock
        self.body_limit = body_limit
        self.idle_s = idle_s
        self.closing = False
        self._drain_s = drain_s
        self._host = host
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._answering = 0
        self._changed = threading.Condition()
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUseError(port) from error
            raise
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name=name, daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """The server's root."""
        return f"http://{self._host}:{self.port}"

    def start(self, answerer: Answerer) -> None:
        """Answer requests by this application from now on."""
        self.answerer = answerer
        self._thread.start()

    def close(self) -> None:
        """Stop listening, end every connection, and return when the last thread is gone. A second call does nothing."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()
        with self._changed:
            self.closing = True
            self._changed.wait_for(lambda: self._answering == 0, self._drain_s)
            kept = dict(self._connections)
            for connection in kept.values():
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in kept:
            thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name=f"{self._thread.name}-connection",
            daemon=True,
        )
        with self._changed:
            self._connections = {old: kept for old, kept in self._connections.items() if old.is_alive()}
            self._connections[thread] = request
            thread.start()

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

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - http.server's
        """Note a connection that broke: the client is gone, or it sent what is no HTTP."""
        _LOG.debug("a connection ended in an error", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write per response: with Nagle's algorithm a second one would wait for the client's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: HttpServer
    connection: socket.socket
    raw_requestline: bytes

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.idle_s)

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def parse_request(self) -> bool:
        """Read a request's line and headers; http.server's own reader, made for mail, costs more than all the rest."""
        self.command, self.request_version, self.close_connection = "", "HTTP/1.1", True
        words = self.raw_requestline.decode("latin-1").rstrip("\r\n").split(" ")
        headers: list[tuple[str, str]] = []
        left, broken = _HEAD_BYTES, len(words) != 3 or words[2] not in {"HTTP/1.1", "HTTP/1.0"}
        while (line := self.rfile.readline(left + 1)) not in {b"\r\n", b"\n"}:
            left -= len(line)
            if not line or left < 0:
                if line:
                    self.send_error(431)
                return False
            name, colon, value = line.decode("latin-1").partition(":")
            headers.append((name, value.strip()))
            broken = broken or not colon
        if broken:
            self.send_error(400)
            return False
        self.command, self.path = words[0], re.sub("^//+", "/", words[1])
        self.received = HttpRequest(self.command, self.path, headers, b"", self.client_address[0])
        kept = (self.received.header("Connection") or "").lower()
        self.close_connection = kept == "close" or (words[2] == "HTTP/1.0" and kept != "keep-alive")
        if (self.received.header("Expect") or "").lower() == "100-continue":
            # A client that asks first, as curl does with large bodies, sends on.
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        return True

    def _answer(self) -> None:
        with self.server.answering() as in_time:
            if not in_time:
                self.close_connection = True
                return
            self._answer_now()

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = _answer  # noqa: N815 - http.server's names

    def _answer_now(self) -> None:
        request = self.received
        try:
            request.body = self._read_body(request)
        except _TooLargeError:
            self.close_connection = True
            self._send(self.server.answerer.too_large(request))
            self._discard()
            return
        except ValueError:
            self.send_error(400)
            return
        try:
            response = self.server.answerer.answer(request)
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - one bad request must not end its connection's thread unanswered
            _LOG.exception("%s %s failed", request.method, request.path)
            response = Response(500, (("Content-Type", "text/plain"),), b"internal error, see the log\n")
        self._send(response)

    def _read_body(self, request: HttpRequest) -> bytes:
        if "chunked" in (request.header("Transfer-Encoding") or "").lower():
            return self._read_chunks()
        # Two that differ would let two servers read two different requests: RFC 9112, section 6.3.
        lengths = {value.strip() for name, value in request.headers if name.lower() == "content-length"}
        if len(lengths) > 1:
            raise ValueError("two lengths of one body")
        length = _length(next(iter(lengths), "") or "0", 10)
        self._check_size(length)
        return self._read(length)

    def _read_chunks(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            length = _length(self.rfile.readline(1024).partition(b";")[0].decode("latin-1"), 16)
            size += length
            self._check_size(size)
            if length == 0:
                self._skip_trailers()
                return b"".join(parts)
            parts.append(self._read(length))
            if self.rfile.readline(3) != b"\r\n":
                raise ValueError("a chunk is longer than it says")

    def _skip_trailers(self) -> None:
        """Read what may follow the last chunk: headers that came late, of which no part here knows any."""
        left = _HEAD_BYTES
        while (line := self.rfile.readline(left + 1)) not in {b"\r\n", b"\n"}:
            left -= len(line)
            if not line or left < 0:
                raise ValueError("the body's trailers do not end")

    def _check_size(self, size: int) -> None:
        if size > self.server.body_limit:
            raise _TooLargeError

    def _read(self, length: int) -> bytes:
        """A part of the body; a client that went away before its end has sent no request."""
        part = self.rfile.read(length)
        if len(part) < length:
            raise ValueError("the body ends early")
        return part

    def _discard(self) -> None:
        """Read on for a while: a client that is still sending would get a reset instead of the answer."""
        self.connection.settimeout(_DISCARD_S)
        left = _DISCARD_BYTES
        with contextlib.suppress(OSError):
            while left > 0 and (chunk := self.rfile.read(min(left, 65536))):
                left -= len(chunk)

    def _send(self, response: Response) -> None:
        given = {name.lower() for name, _ in response.headers}
        lines = [f"HTTP/1.1 {response.status} {self.responses.get(response.status, ('',))[0]}"]
        for name, value in response.headers:
            if name.lower() not in {"connection", "transfer-encoding"}:
                lines.append(f"{name}: {_BREAKS.sub(' ', value)}")
        if self.server.clock is not None and "date" not in given:
            lines.append(f"Date: {format_datetime(self.server.clock.utcnow(), usegmt=True)}")
        bodiless = response.status in {204, 304}
        if "content-length" not in given and not bodiless:
            lines.append(f"Content-Length: {len(response.body)}")
        self.close_connection = self.close_connection or self.server.closing
        if self.close_connection:
            lines.append("Connection: close")
        self.wfile.write("\r\n".join((*lines, "", "")).encode("latin-1"))
        if self.command != "HEAD" and not bodiless:
            self.wfile.write(response.body)
        self.wfile.flush()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer what is no HTTP request at all, without a word about this server."""
        self.close_connection = True
        self._send(Response(code, (("Content-Type", "application/json"),), b'{"message":"Bad Request"}'))

    def log_message(self, *_: object) -> None:
        """Keep quiet: a line for each request would hide what matters."""


def _length(text: str, base: int) -> int:
    """A length as HTTP writes it: digits only, where Python also takes signs, prefixes and underscores."""
    digits = text.strip()
    if _DIGITS[base].fullmatch(digits) is None:
        raise ValueError("not a length")
    return int(digits, base)
