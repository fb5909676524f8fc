"""A server on a socket of its own, which reads HTTP requests and does with each what it is told."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Heard(NamedTuple):
    """A request: which connection it came over, its first line, its headers by lower-case name, and its body."""

    connection: int
    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class ScriptedSocket:
    """What was heard; `answer` gives the bytes to send back, of which none ends the connection."""

    port: int
    answer: Callable[[Heard], bytes] = lambda _: ANSWER
    heard: list[Heard] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)

    def close_connections(self) -> None:
        """End every connection from this side, as a service does with one that is idle."""
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def serve(self, number: int, connection: socket.socket) -> None:
        """Answer the requests of a connection."""
        with suppress(OSError, ValueError), connection.makefile("rb") as stream:
            while line := stream.readline():
                headers = {}
                while (header := stream.readline()) not in {b"\r\n", b""}:
                    name, _, value = header.decode().partition(":")
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0)))
                self.heard.append(Heard(number, line.decode().strip(), headers, body))
                answer = self.answer(self.heard[-1])
                if not answer:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
                connection.sendall(answer)


@contextmanager
def scripted_socket(tls: ssl.SSLContext | None = None) -> Iterator[ScriptedSocket]:
    """A server on 127.0.0.1 until the end of the with statement; with `tls` it speaks TLS."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = ScriptedSocket(listener.getsockname()[1])

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                try:
                    secured = tls.wrap_socket(connection, server_side=True) if tls else connection
                except OSError:
                    connection.close()
                    continue
                server.connections.append(secured)
                number = len(server.connections)
                threading.Thread(target=server.serve, args=(number, secured), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        server.close_connections()
        thread.join(5)
