"""Samples once a second, and sends with the client that everybody may use."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from emulator import Clock
from local.feed.host import Metric
from tidegauge_client import Client, Settled, Sign, unsigned

_END_S = 30.0

# The view shows the client's last trouble.
logging.getLogger("tidegauge_client").addHandler(logging.NullHandler())


@dataclass(slots=True)
class Sent:
    """The feed's own figures: for the view, never for the accounts of the run."""

    last_error: str = ""
    batches: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=600))
    """(timestamp in ms, monotonic time of the 202) of the newest samples, oldest first."""


class Feed:
    """A thread that samples every `interval_s` seconds until stopped; what the API does not take yet waits."""

    def __init__(
        self,
        url: str,
        sample: Callable[[int], list[Metric]],
        clock: Clock,
        *,
        sign: Sign = unsigned,
        interval_s: float = 1.0,
    ) -> None:
        self._client = Client(url, sign=sign, on_settled=self._note)
        self._sample, self._clock, self._interval_s = sample, clock, interval_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        # The samples that are not settled: their times, and how many points had been recorded with them.
        self._unsettled: deque[tuple[int, int]] = deque()
        self._recorded = self._settled = 0
        self.sent = Sent()

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the sample under way; returns when the API has everything, or half a minute was not enough."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self._client.close(_END_S)

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._stopped.is_set():
            timestamp_ms = int(self._clock.now() * 1000)
            metrics = self._sample(timestamp_ms)
            self._recorded += len(metrics)
            self._unsettled.append((timestamp_ms, self._recorded))
            for metric in metrics:
                self._client.record(
                    metric["metric_name"],
                    metric["value"],
                    metric.get("dimensions"),
                    metric["timestamp"],
                    metric_type=metric.get("metric_type"),
                )
            self._client.flush(self._interval_s)
            self.sent.last_error = self._client.stats().last_error[:180]
            due_s = max(due_s + self._interval_s, time.monotonic())
            self._stopped.wait(due_s - time.monotonic())

    def _note(self, settled: Settled) -> None:
        """Note each sample of which the last point is settled now."""
        self._settled += settled.points
        while self._unsettled and self._unsettled[0][1] <= self._settled:
            timestamp_ms, _ = self._unsettled.popleft()
            if not settled.cause:
                self.sent.batches.append((timestamp_ms, time.monotonic()))
