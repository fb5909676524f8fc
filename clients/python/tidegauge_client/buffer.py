"""The points of a process that wait to be sent: bounded, and the oldest give way.

Whoever records appends to a deque, which no thread and no signal handler has to wait for, and then sorts in what has
arrived, if nobody else does that at the moment; whoever else does, sorts in for both. So `put` takes no lock that
another thread, or the frame below a signal handler, may hold.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Union

from tidegauge_client.stats import FULL, Stats

_Arrived = Union[bytes, str]
"""A point; or the cause for which there is none."""


class Buffer:
    """Points in their order, at most so many and so many bytes of them; those on their way count, too."""

    def __init__(self, max_points: int, max_bytes: int) -> None:
        self._max_points, self._max_bytes = max_points, max_bytes
        self._arrived: deque[_Arrived] = deque()
        self._waiting: deque[bytes] = deque()
        self._lock = threading.Lock()
        self._holder = 0
        # Of the points that came in here, in their order: how many there were, and which is the oldest on its way.
        self._came = self._taken_from = self._taken = 0
        self._bytes = 0
        self._recorded = self._accepted = self._retried = 0
        self._dropped: Counter[str] = Counter()
        self._last_error = ""

    def put(self, arrived: _Arrived) -> None:
        """Take a point, or the cause for which there is none; never waits."""
        self._arrived.append(arrived)
        lock = self._lock
        if lock.acquire(blocking=False):
            self._holder = threading.get_ident()
            try:
                self._sort_in()
            finally:
                self._holder = 0
                lock.release()

    @property
    def waiting(self) -> tuple[int, int]:
        """About how many points wait, and their bytes; those on their way are not among the points."""
        return len(self._waiting), self._bytes

    @property
    def on_their_way(self) -> int:
        """The points that were taken and are not settled."""
        return self._taken

    @property
    def came(self) -> int:
        """The number of points that were taken in: a mark in their order."""
        with self._held():
            return self._came

    @property
    def done_until(self) -> int:
        """The mark up to which all points were accepted or dropped."""
        with self._held():
            return self._taken_from if self._taken else self._came - len(self._waiting)

    def take(self, most_points: int, most_bytes: int) -> list[bytes]:
        """The oldest points, one at least if there is one; they stay counted as waiting until `settle`."""
        batch: list[bytes] = []
        with self._held():
            if not self._taken:
                self._taken_from = self._came - len(self._waiting)
            size = 0
            while self._waiting and len(batch) < most_points:
                size += len(self._waiting[0]) + 1
                if batch and size > most_bytes:
                    break
                batch.append(self._waiting.popleft())
            self._taken += len(batch)
        return batch

    def settle(self, batch: list[bytes], cause: str = "", error: str = "") -> None:
        """Count points that were taken as accepted, or as dropped for a cause."""
        with self._held():
            self._taken -= len(batch)
            self._taken_from += len(batch)
            self._bytes -= sum(map(len, batch))
            if cause:
                self._dropped[cause] += len(batch)
            else:
                self._accepted += len(batch)
            self._last_error = error or self._last_error

    def note_retry(self, error: str) -> None:
        """Count a request that is sent again, and keep why."""
        with self._held():
            self._retried += 1
            self._last_error = error

    def stats(self) -> Stats:
        """The counts."""
        with self._held():
            return Stats(
                self._recorded,
                self._accepted,
                dict(self._dropped),
                len(self._waiting) + self._taken,
                self._retried,
                self._last_error,
            )

    def leave_to_others(self) -> None:
        """Let the sender go on if this is a signal handler that stopped this very thread while it sorted in."""
        if self._holder == threading.get_ident():
            self._lock = threading.Lock()

    def _sort_in(self) -> None:
        while self._arrived:
            one = self._arrived.popleft()
            self._recorded += 1
            if isinstance(one, str):
                self._dropped[one] += 1
                continue
            self._waiting.append(one)
            self._came += 1
            self._bytes += len(one)
            while self._waiting and (
                self._bytes > self._max_bytes or len(self._waiting) + self._taken > self._max_points
            ):
                self._bytes -= len(self._waiting.popleft())
                self._dropped[FULL] += 1

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Everything that has arrived is sorted in, and nobody else changes it."""
        self.leave_to_others()
        lock = self._lock
        while not lock.acquire(timeout=0.05):
            lock = self._lock
        try:
            self._sort_in()
            yield
        finally:
            lock.release()
