"""Load for an ingest API: requests of 100 points at a fixed rate, over kept connections, sent as cheaply as may be."""

import itertools
import random
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import orjson

POINTS = 100
"""The points of a request; the first is the mark."""
MARK = "bench.mark"
"""The metric whose one point in each request tells when the request can be queried: no two have the same time."""
_METRICS = 40
_VARIANTS = 100
_AGAIN_S = 0.1
# What stands for the time of all points of a request until it is sent.
_TIME = b'"TIME"'


@dataclass
class Sent:
    """The requests that were sent: when each was due, by its time in ms, and how long each took to its 202.

    `resent` counts those that a full shard did not take at once, `refused` has the answers that no client repeats.
    """

    due_s: dict[int, float] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    resent: int = 0


class Load:
    """Sends `requests` requests, `per_second` of them a second, each from when it is due: a late one counts as slow.

    What is answered 503 is sent again after a moment, as clients do: a shard takes 1 MiB a second, and keys are random.

    Every request has one point of the mark and 99 of `series` - 1 others, in turn, at a millisecond of its own, so
    at most 1,000 requests a second are possible.
    """

    def __init__(
        self, url: str, *, series: int, requests: int, per_second: float, connections: int = 16
    ) -> None:
        self._url, self._requests, self._interval_s = urlsplit(url), requests, 1 / per_second
        self._bodies = [body.split(_TIME) for body in bodies(series)]
        self._connections = connections
        self._slots = itertools.count()
        self._began_s = self._began_ms = 0.0
        self.sent = Sent()

    def run(self) -> Sent:
        """Send all of it, and wait for the last answer."""
        self._began_s, self._began_ms = time.perf_counter(), time.time() * 1000
        threads = [threading.Thread(target=self._send, daemon=True) for _ in range(self._connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.sent

    def _send(self) -> None:
        with socket.create_connection((self._url.hostname, self._url.port or 80)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (slot := next(self._slots)) < self._requests:
                self._send_one(connection, slot)

    def _send_one(self, connection: socket.socket, slot: int) -> None:
        due_s = self._began_s + slot * self._interval_s
        stamp_ms = int(self._began_ms + slot * self._interval_s * 1000)
        body = str(stamp_ms).encode().join(self._bodies[slot % len(self._bodies)])
        head = (
            f"POST {self._url.path} HTTP/1.1\r\nHost: {self._url.netloc}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        if (early_s := due_s - time.perf_counter()) > 0:
            time.sleep(early_s)
        connection.sendall(head.encode() + body)
        answer = _answer(connection)
        while answer.startswith(b"HTTP/1.1 503 "):
            self.sent.resent += 1
            time.sleep(_AGAIN_S)
            connection.sendall(head.encode() + body)
            answer = _answer(connection)
        if not answer.startswith(b"HTTP/1.1 202 "):
            self.sent.refused.append(answer.decode("utf-8", "replace"))
            return
        self.sent.took_s.append(time.perf_counter() - due_s)
        self.sent.due_s[stamp_ms] = due_s


def bodies(series: int) -> Sequence[bytes]:
    """Bodies of all series in turn, each with other values; every time in them is `_TIME`.

    A host has 40 series, with three dimensions; 100 bodies at least, so that values do not repeat at once.
    """
    numbers = random.Random(series)
    others = max(series - 1, POINTS - 1)
    count = max(_VARIANTS, -(-others // (POINTS - 1)))
    turn = itertools.cycle(range(others))
    return [
        orjson.dumps(
            {
                "metrics": [
                    {"metric_name": MARK, "value": place, "timestamp": "TIME"},
                    *(_point(next(turn), numbers) for _ in range(POINTS - 1)),
                ]
            }
        )
        for place in range(count)
    ]


def _point(number: int, numbers: random.Random) -> dict[str, object]:
    host, metric = divmod(number, _METRICS)
    return {
        "metric_name": f"app.metric{metric}",
        "value": round(numbers.uniform(0, 1000), 3),
        "timestamp": "TIME",
        "dimensions": {"host": f"host-{host}", "region": "eu-west-1", "service": f"service-{host % 20}"},
    }


def _answer(connection: socket.socket) -> bytes:
    """One answer, whole; ConnectionError where it ends early."""
    answer = b""
    while True:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("the API closed the connection")
        answer += part
        head, end, body = answer.partition(b"\r\n\r\n")
        if end:
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            if len(body) >= int(length or 0):
                return answer
