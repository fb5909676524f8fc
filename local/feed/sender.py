"""Sends metrics to the ingest API in batches, once a second, and says how it went."""

import http.client
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from emulator import Clock
from local.feed.host import Metric
from local.feed.signing import Sign, unsigned

_TIMEOUT_SECONDS = 30
_TRIES = 5


@dataclass(slots=True)
class Sent:
    """Counts of the sender itself: for the view, never for the accounts of the run."""

    requests: int = 0
    points: int = 0
    refused: int = 0
    last_error: str = ""
    batches: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=600))
    """(timestamp in ms, monotonic time of the 202) of the newest batches, oldest first."""


class Feed:
    """A thread that samples and posts every `interval_s` seconds until stopped."""

    def __init__(
        self,
        url: str,
        sample: Callable[[int], list[Metric]],
        clock: Clock,
        *,
        sign: Sign = unsigned,
        interval_s: float = 1.0,
    ) -> None:
        parts = urlsplit(url)
        self._url, self._sign = url, sign
        self._host, self._port, self._path = parts.hostname or "127.0.0.1", parts.port, parts.path
        self._sample, self._clock, self._interval_s = sample, clock, interval_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self.sent = Sent()

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the batch under way; returns when its reply is there."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_TIMEOUT_SECONDS * 2)

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._stopped.is_set():
            timestamp_ms = int(self._clock.now() * 1000)
            self._send(timestamp_ms, self._sample(timestamp_ms))
            due_s = max(due_s + self._interval_s, time.monotonic())
            self._stopped.wait(due_s - time.monotonic())

    def _send(self, timestamp_ms: int, metrics: list[Metric]) -> None:
        """Post one batch; what failed is sent again, which is safe because every point has its time."""
        body = json.dumps({"metrics": metrics}).encode()
        for attempt in range(_TRIES):
            status, retry_after, reply = self._post(body)
            if status == http.HTTPStatus.ACCEPTED:
                self.sent.requests += 1
                self.sent.points += len(metrics)
                self.sent.batches.append((timestamp_ms, time.monotonic()))
                return
            self.sent.last_error = f"{status or 'no reply'}: {' '.join(reply.split())[:160]}"
            transient = status in {0, http.HTTPStatus.TOO_MANY_REQUESTS} or status >= 500
            if not transient or self._stopped.wait(max(retry_after, 0.2 * 2**attempt)):
                break
        self.sent.refused += len(metrics)

    def _post(self, body: bytes) -> tuple[int, float, str]:
        """Status (0: no reply), seconds to wait before another try, text of the reply."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("POST", self._path, body, self._sign(self._url, body))
            reply = connection.getresponse()
            retry_after = reply.getheader("Retry-After") or "0"
            text = reply.read().decode("utf-8", "replace")
            return reply.status, float(retry_after) if retry_after.isdigit() else 0.0, text
        except (OSError, http.client.HTTPException) as error:
            return 0, 0.0, str(error)
        finally:
            connection.close()
