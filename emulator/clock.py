"""The emulator's clock: the machine's time plus an offset that only grows."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from emulator.listeners import Listeners

# A hundred years: beyond anything a retention keeps, and before what dates and nanoseconds can tell.
_FURTHEST_S = 100 * 365.25 * 86_400


class Clock:
    """A time that may be moved forward and never back.

    Everything that decides by time asks one instance; listeners hear of each move, so other processes follow.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset_s = 0.0
        self._lock = threading.Lock()
        self._listeners = Listeners[float]()

    @property
    def offset_s(self) -> float:
        """The seconds by which this clock is ahead of the machine's."""
        return self._offset_s

    def now(self) -> float:
        """The seconds since the epoch."""
        return self._source() + self._offset_s

    def utcnow(self) -> datetime:
        """The same instant as an aware datetime."""
        return datetime.fromtimestamp(self.now(), tz=UTC)

    def advance(self, by_s: float) -> float:
        """Move forward by `by_s` seconds and tell the listeners; the new offset. ValueError for a move back."""
        with self._lock:
            self.check_advance(by_s)
            self._offset_s += by_s
            offset_s = self._offset_s
        self._listeners.tell(offset_s)
        return offset_s

    def check_advance(self, by_s: float) -> None:
        """Raise ValueError for a move that cannot be made."""
        if not 0 <= by_s <= _FURTHEST_S - self._offset_s:
            raise ValueError(
                f"the clock moves forward only, a hundred years at most in all, not by {by_s} seconds"
            )

    def on_advance(self, listener: Callable[[float], None]) -> Callable[[], None]:
        """Call `listener` with the new offset after each move, until the function returned is called."""
        return self._listeners.add(listener)
