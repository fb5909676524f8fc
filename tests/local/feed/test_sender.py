"""The feed's sender, against a server that answers as told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from emulator import Clock
from local.feed.sender import Feed


@contextmanager
def answering(*statuses: int) -> Iterator[tuple[str, list[Any], threading.Event]]:
    """A server that answers with each status once, then 202; yields URL, bodies, and "all were used"."""
    left, bodies, done = list(statuses), [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keep the body and answer."""
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(left.pop(0) if left else 202)
            self.send_header("Content-Length", "4")
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


def one_metric(timestamp: int) -> list[dict[str, Any]]:
    """A sample of one metric."""
    return [{"metric_name": "m", "value": 1.0, "timestamp": timestamp}]


@pytest.mark.parametrize("status", [429, 503])
def test_a_throttled_batch_is_sent_again_unchanged(status: int) -> None:
    """After 429 or 503 the same points go again with the same times, and count once."""
    with answering(status, status) as (url, bodies, done):
        feed = Feed(url, one_metric, Clock(), interval_s=60)
        feed.start()
        assert done.wait(10)
        feed.stop()
    assert bodies[0] == bodies[1] == bodies[2]
    assert (feed.sent.points, feed.sent.refused) == (1, 0)


def test_a_refused_batch_is_not_sent_again() -> None:
    """After 400 the batch is given up, counted as refused, and its reason kept."""
    with answering(400) as (url, bodies, done):
        feed = Feed(url, one_metric, Clock(), interval_s=0.05)
        feed.start()
        assert done.wait(10)
        feed.stop()
    assert bodies[0] != bodies[1]
    assert feed.sent.refused == 1
    assert feed.sent.last_error == "400: {}"
