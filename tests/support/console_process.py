"""A console in a process of its own, started as a person would start it, and a bare connection to it."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The opening of a websocket: https://www.rfc-editor.org/rfc/rfc6455#section-1.3
_HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
WEBSOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"


class ConsoleProcess:
    """A console of the environment dev at an endpoint. A context manager."""

    def __init__(self, endpoint_url: str, *options: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ops", "console", *options],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "HOME": "/nonexistent",
                "AWS_ENDPOINT_URL": endpoint_url,
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self._process.communicate()[1]
        self.pid = self._process.pid
        self.url = line.split()[-1]
        self.host = self.url.removeprefix("http://")

    def __enter__(self) -> "ConsoleProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=20)

    def status(self, path: str, *, method: str = "GET", **headers: str) -> int:
        """The status of an answer to a request with these headers alone, and the server's Host if none is given."""
        return self.answer(
            path, method=method, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )[0]

    def answer(
        self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """The status and the text of an answer."""
        connection = http.client.HTTPConnection(self.host, timeout=20)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": self.host, **(headers or {})}.items():
                connection.putheader(name, value)
            connection.endheaders()
            reply = connection.getresponse()
            # An accepted websocket stays open.
            return reply.status, "" if reply.status == 101 else reply.read().decode()
        finally:
            connection.close()

    def websocket_status(self, **headers: str) -> int:
        """The status of the answer to a websocket's opening: 101 if it is let in."""
        return self.status(
            WEBSOCKET, **{name.replace("-", "_"): value for name, value in _HANDSHAKE.items()}, **headers
        )


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
