"""An ingest API that answers as it is told, byte by byte, and keeps what it was sent."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Act = Callable[[socket.socket], bool]
"""Answers a request on its connection; True if the connection is kept."""


@dataclass
class Request:
    """A request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes
    accepted: bool = False

    @property
    def points(self) -> list[dict[str, Any]]:
        """The metrics in it."""
        packed = "gzip" in (
            self.headers.get("content-encoding"),
            self.headers["content-type"].partition("/")[2],
        )
        return list(json.loads(gzip.decompress(self.body) if packed else self.body)["metrics"])


@dataclass
class ScriptedApi:
    """The address, and the requests so far."""

    url: str
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    @property
    def accepted(self) -> list[dict[str, Any]]:
        """The metrics of the requests that were answered with 202, in their order."""
        return [point for request in self.requests if request.accepted for point in request.points]

    @property
    def values(self) -> list[float]:
        """Their values."""
        return [point["value"] for point in self.accepted]


def status(code: int, text: str = '{"request_id": "r-1"}', **headers: str) -> Act:
    """Answer with a status and headers, whose names have underscores."""
    lines = [f"HTTP/1.1 {code} x", f"Content-Length: {len(text)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join([*lines, "", text]), kept=True)


def raw(answer: str, *, kept: bool = False) -> Act:
    """Answer with these very bytes, and end the connection unless it is kept."""

    def act(connection: socket.socket) -> bool:
        connection.sendall(answer.encode())
        return kept

    return act


def dribble(answer: str, *, every_s: float) -> Act:
    """Answer one byte after the other."""

    def act(connection: socket.socket) -> bool:
        for character in answer:
            connection.sendall(character.encode())
            time.sleep(every_s)
        return False

    return act


HANG_UP = raw("")
ACCEPT = status(202)


@contextmanager
def scripted_api(*script: Act, then: Act = ACCEPT) -> Iterator[ScriptedApi]:
    """An API on a port of its own that answers its requests with the script, and further ones with `then`."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        api = ScriptedApi(f"http://127.0.0.1:{server.getsockname()[1]}/dev")
        left = list(script)
        threads: list[threading.Thread] = []
        open_connections: list[socket.socket] = []

        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError, ValueError):
                stream = connection.makefile("rb")
                while request := _read(stream):
                    act = left.pop(0) if left else then
                    request.accepted = act is ACCEPT
                    api.requests.append(request)
                    if not act(connection):
                        stream.close()
                        return

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                api.connections += 1
                open_connections.append(connection)
                thread = threading.Thread(target=serve, args=(connection,), daemon=True)
                threads.append(thread)
                thread.start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield api
        finally:
            server.shutdown(socket.SHUT_RDWR)
            accepting.join(5)
            for connection in open_connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(5)


def _read(stream: Any) -> Request | None:
    line = stream.readline().decode().strip()
    if not line:
        return None
    headers = {}
    while text := stream.readline().decode().strip():
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    return Request(line, headers, stream.read(int(headers.get("content-length", 0))))
