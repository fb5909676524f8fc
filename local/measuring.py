"""Reads the running pipeline once in a while, for the views."""

import threading
import time
from collections import deque
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.accounting import newest_point_ms, stored_points
from local.feed.sender import Sent

_EVERY_SECONDS = 0.25
_RATE_WINDOW_SECONDS = 5.0


class Prober:
    """Asks the store, four times a second, how many points it has and which is the newest.

    The delay is measured end to end: from the 202 of a batch of the feed to the moment a query sees its points.
    """

    def __init__(self, timestream_query: Any, database: str, table: str, sent: Sent) -> None:
        self._client, self._database, self._table, self._sent = timestream_query, database, table, sent
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prober", daemon=True)
        self._counts: deque[tuple[float, int]] = deque(maxlen=int(_RATE_WINDOW_SECONDS / _EVERY_SECONDS) + 1)
        self._seen_until = 0
        self.stored = 0
        self.delay: float | None = None
        self.last_error = ""

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """End after the question under way."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    @property
    def rate(self) -> float:
        """Points stored per second, over the last seconds."""
        counts = list(self._counts)
        if len(counts) < 2:
            return 0.0
        (began, before), (ended, after) = counts[0], counts[-1]
        return (after - before) / max(ended - began, 1e-9)

    def _run(self) -> None:
        while not self._stopped.wait(_EVERY_SECONDS):
            try:
                self.stored = stored_points(self._client, self._database, self._table)
                newest = newest_point_ms(self._client, self._database, self._table)
            except (ClientError, BotoCoreError) as error:
                self.last_error = f"store: {error}"
                continue
            now = time.monotonic()
            self._counts.append((now, self.stored))
            if newest is not None:
                self._note_visible(newest, now)

    def _note_visible(self, newest: int, now: float) -> None:
        fresh = [
            sent_at
            for timestamp, sent_at in list(self._sent.batches)
            if self._seen_until < timestamp <= newest
        ]
        if fresh:
            self.delay = now - fresh[0]
            self._seen_until = newest
