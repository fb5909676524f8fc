"""A client of this package's own HTTP servers: kept connections and little else, as each write goes by it."""

import select
import socket
from collections import deque

from emulator.http_server import HttpRequest, Response

_CONNECT_S = 5.0
_KEPT = 32
_HOP_BY_HOP = frozenset({"connection", "content-length", "expect", "keep-alive", "transfer-encoding"})


class HttpClient:
    """Passes requests on to one address; safe to use from many threads, each request on a connection of its own."""

    def __init__(self, host: str, port: int, *, timeout_s: float) -> None:
        self._address, self._timeout_s = (host, port), timeout_s
        self._idle: deque[_Connection] = deque(maxlen=_KEPT)

    def send(self, request: HttpRequest) -> Response:
        """The answer to a request, which is sent once: OSError if it cannot be, or has no whole answer in time.

        Headers that are about a connection are not passed on.
        """
        connection = self._connection()
        try:
            answer = connection.exchange(request)
        except BaseException:
            connection.close()
            raise
        if connection.is_kept:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close the connections that wait."""
        while self._idle:
            self._idle.pop().close()

    def _connection(self) -> "_Connection":
        """A kept connection that the server did not close meanwhile, or a new one."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return _Connection(self._address, self._timeout_s)
            if connection.is_open():
                return connection
            connection.close()


class _Connection:
    def __init__(self, address: tuple[str, int], timeout_s: float) -> None:
        self._socket = socket.create_connection(address, _CONNECT_S)
        self._socket.settimeout(timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reading = select.poll()
        self._reading.register(self._socket, select.POLLIN)
        self.is_kept = True

    def is_open(self) -> bool:
        """True if nothing came meanwhile: that could only be its end."""
        return not self._reading.poll(0)

    def exchange(self, request: HttpRequest) -> Response:
        """Send a request and read its answer."""
        lines = [f"{request.method} {request.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in request.headers if name.lower() not in _HOP_BY_HOP]
        lines.append(f"Content-Length: {len(request.body)}\r\n\r\n")
        self._socket.sendall("\r\n".join(lines).encode("latin-1") + request.body)
        return self._answer(bodiless=request.method == "HEAD")

    def _answer(self, *, bodiless: bool) -> Response:
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        first, *lines = received[:end].decode("latin-1").split("\r\n")
        status = int(first.split(" ", 2)[1])
        length, headers = 0, []
        for line in lines:
            name, _, value = line.partition(": ")
            folded = name.lower()
            if folded not in _HOP_BY_HOP:
                headers.append((name, value))
            elif folded == "content-length":
                length = int(value)
            elif folded == "connection":
                self.is_kept = value.lower() != "close"
            else:
                raise ConnectionError(f"an answer with the header {name} is not read here")
        parts = [received[end + 4 :]]
        missing = 0 if bodiless or status in {204, 304} else length - len(parts[0])
        while missing > 0:
            parts.append(self._receive())
            missing -= len(parts[-1])
        return Response(status, headers, b"".join(parts))

    def _receive(self) -> bytes:
        part = self._socket.recv(262_144)
        if not part:
            raise ConnectionError("the connection ended before the answer did")
        return part

    def close(self) -> None:
        """Close it."""
        self._socket.close()
