"""A server that takes POSTs and answers as told."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def answering(*statuses: int, retry_after: str = "") -> Iterator[tuple[str, list[Any], threading.Event]]:
    """A server that answers with each status once, then 202; yields URL, bodies, and "all were used"."""
    left, bodies, done = list(statuses), [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keep the body and answer."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers["Content-Encoding"] == "gzip"
            bodies.append(json.loads(gzip.decompress(body) if packed else body))
            self.send_response(left.pop(0) if left else 202)
            self.send_header("Content-Length", "4")
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.end_headers()
            self.wfile.write(b"\n{}\n")
            if len(bodies) > len(statuses):
                done.set()

        def log_message(self, *args: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/metrics", bodies, done
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
