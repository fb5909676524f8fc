"""Sends metrics to the ingest API in batches, once a second, and says how it went."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from emulator import Clock
from local.feed.host import Metric
from ops.posting import attempts
from ops.signing import Sign, unsigned

_TIMEOUT_SECONDS = 30


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
        self._url, self._sign = url, sign
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
        for reply in attempts(self._url, body, self._sign, self._stopped.wait):
            if reply.accepted:
                self.sent.requests += 1
                self.sent.points += len(metrics)
                self.sent.batches.append((timestamp_ms, time.monotonic()))
                return
            self.sent.last_error = str(reply)[:180]
        self.sent.refused += len(metrics)
