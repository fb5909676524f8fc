"""A small HTTP/1.1 server: loopback, keep-alive, one thread per connection."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

_MAX_HEAD = 64 * 1024
# 100 records of 2 KB in JSON are well below this, and so is any query.
MAX_BODY = 16 * 1024 * 1024
_READ = 256 * 1024
_IDLE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response; a lost one is never sent, and its connection ends."""

    status: int
    body: bytes
    content_type: str
    request_id: str
    lost: bool = False


class BadRequestError(Exception):
    """The bytes are no request this server reads; the connection ends after `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class HttpServer:
    """Listens from the start; `serve` answers until `stop`."""

    def __init__(self, port: int, handle: Callable[[Request], Response]) -> None:
        self._handle = handle
        self._listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._busy = 0

    def serve(self) -> None:
        """Accept connections until `stop`."""
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._stopping.is_set():
                    return
                time.sleep(0.05)  # out of file descriptors, say: let others finish
                continue
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def stop(self) -> None:
        """Take no more connections or requests; may be called from any thread."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def drain(self, seconds: float) -> None:
        """Wait until requests under way are answered, at most so long."""
        until = time.monotonic() + seconds
        while self._busy and time.monotonic() < until:
            time.sleep(0.01)

    def _converse(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(_IDLE_SECONDS)
            buffer = bytearray()
            try:
                while not self._stopping.is_set() and (request := _read(connection, buffer)) is not None:
                    if not self._answer(connection, request):
                        return
            except BadRequestError as error:
                connection.sendall(_head(error.status, 0, "text/plain", "-", close=True))

    def _answer(self, connection: socket.socket, request: Request) -> bool:
        with self._lock:
            if self._stopping.is_set():
                return False
            self._busy += 1
        try:
            response = self._handle(request)
            if response.lost:
                return False
            close = request.headers.get("connection", "").lower() == "close"
            head = _head(
                response.status, len(response.body), response.content_type, response.request_id, close=close
            )
            connection.sendall(head + response.body)
            return not close
        finally:
            with self._lock:
                self._busy -= 1


def _read(connection: socket.socket, buffer: bytearray) -> Request | None:
    """The next request, None at the end of the connection; what follows it stays in the buffer."""
    while (end := buffer.find(b"\r\n\r\n")) < 0:
        if len(buffer) > _MAX_HEAD:
            raise BadRequestError(431)
        received = connection.recv(_READ)
        if not received:
            return None
        buffer += received
    method, path, headers = _parse_head(bytes(buffer[:end]))
    length = _body_length(headers)
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    start = end + 4
    while len(buffer) < start + length:
        received = connection.recv(_READ)
        if not received:
            return None
        buffer += received
    body = bytes(buffer[start : start + length])
    del buffer[: start + length]
    return Request(method, path, headers, body)


def _parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] not in {"HTTP/1.1", "HTTP/1.0"}:
        raise BadRequestError(400)
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequestError(400)
        headers[name.lower()] = value.strip()
    if words[2] == "HTTP/1.0":
        headers["connection"] = "close"
    return words[0], words[1], headers


def _body_length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequestError(501)
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise BadRequestError(400)
    if int(text) > MAX_BODY:
        raise BadRequestError(413)
    return int(text)


def _head(status: int, length: int, content_type: str, request_id: str, *, close: bool) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Rejected Records"  # 419, which only Timestream knows
    return (
        f"HTTP/1.1 {status} {phrase}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n"
        f"x-amzn-RequestId: {request_id}\r\nConnection: {'close' if close else 'keep-alive'}\r\n\r\n"
    ).encode()
