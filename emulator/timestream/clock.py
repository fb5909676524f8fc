"""The server's clock: the machine's, moved forward by an offset."""

import time
from typing import Any

from emulator.timestream.errors import ValidationException

_MAX_OFFSET_SECONDS = 200 * 365 * 86_400


class Clock:
    """Nanoseconds since the epoch; the offset is shared by all that ask."""

    def __init__(self, offset_seconds: float = 0) -> None:
        self._offset_ns = 0
        self.set_offset(offset_seconds)

    def now_ns(self) -> int:
        """The time now."""
        return time.time_ns() + self._offset_ns

    @property
    def offset_seconds(self) -> float:
        """The seconds by which this clock is ahead of the machine's."""
        return self._offset_ns / 1e9

    def set_offset(self, seconds: Any) -> None:
        """Move the clock to an offset; it never goes back, because what was stored would lie in the future."""
        if type(seconds) not in (int, float) or not 0 <= seconds <= _MAX_OFFSET_SECONDS:
            raise ValidationException(f"offset_seconds must be a number from 0 to {_MAX_OFFSET_SECONDS}.")
        offset_ns = round(seconds * 1e9)
        if offset_ns < self._offset_ns:
            raise ValidationException(
                f"The clock moves forward only; its offset is {self.offset_seconds:g} seconds already."
            )
        self._offset_ns = offset_ns
