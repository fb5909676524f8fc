"""A subscriber of alerts on this machine that dies and comes back."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.local_run import free_ports


class Subscriber:
    """A web hook, and the ids of the notifications that it took; alive until it dies."""

    def __init__(self) -> None:
        (self._port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self._port}/alerts"
        self.taken: set[str] = set()
        self.deaths = 0
        self._server: ThreadingHTTPServer | None = None
        self.revive()

    @property
    def alive(self) -> bool:
        """True while it answers."""
        return self._server is not None

    def die(self) -> None:
        """Answer nobody any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            self.deaths += 1

    def revive(self) -> None:
        """Answer again, at the same address."""
        if self._server is None:
            taken = self.taken

            class Handler(BaseHTTPRequestHandler):
                def do_POST(self) -> None:
                    """Take a notification."""
                    body = self.rfile.read(int(self.headers["Content-Length"]))
                    taken.add(json.loads(body)["dedupe_id"])
                    self.send_response(200)
                    self.end_headers()

                def log_message(self, *_: object) -> None:
                    """Nothing is printed."""

            self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
            threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
