"""The clock of the local run: the machine's time plus an offset that only grows."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

# A hundred years: beyond anything a retention keeps, and before what dates and nanoseconds can tell.
_FURTHEST_SECONDS = 100 * 365.25 * 86_400


class Clock:
    """The local run's time, which may be moved forward and never back.

    Everything that decides by time asks one instance; listeners hear of each move, so other processes follow.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset = 0.0
        self._lock = threading.Lock()
        self._listeners: list[Callable[[float], None]] = []

    @property
    def offset(self) -> float:
        """Return by how many seconds this clock is ahead of the machine's."""
        return self._offset

    def now(self) -> float:
        """Return seconds since the epoch."""
        return self._source() + self._offset

    def utcnow(self) -> datetime:
        """The same instant as an aware datetime."""
        return datetime.fromtimestamp(self.now(), tz=UTC)

    def advance(self, seconds: float) -> float:
        """Move forward by `seconds`, tell the listeners, and return the new offset."""
        with self._lock:
            if not 0 <= seconds <= _FURTHEST_SECONDS - self._offset:
                raise ValueError(
                    f"the clock moves forward only, a hundred years at most in all, not by {seconds} seconds"
                )
            self._offset += seconds
            offset = self._offset
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(offset)
        return offset

    def on_advance(self, listener: Callable[[float], None]) -> Callable[[], None]:
        """Call `listener` with the new offset after each move, until the function returned is called."""
        with self._lock:
            self._listeners.append(listener)

        def remove() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return remove
