"""Ticks and periods: when a period of event time is complete, and which ticks its evidence was written in."""

from collections.abc import Iterator
from dataclasses import dataclass

from handlers.vocabulary import LATE_LIMIT_S

DAY = 86_400
MAX_PERIOD = 3_600


@dataclass(frozen=True, slots=True)
class Timing:
    """The rhythm of a deployment, in whole seconds of the clock that is the same for all."""

    tick: int = 60
    grace: int = 10
    # A batch closes one batching window after its first point; its item needs a moment more to be written.
    settle: int = 1
    # An item may become readable this long after the time it carries: the longest a write is tried.
    write_delay: int = 5
    # Evidence that comes later than this after its period's end judges nothing any more.
    late_limit: int = LATE_LIMIT_S

    def ready_at(self, tick: int) -> int:
        """When the tick that starts at `tick` may be evaluated."""
        return tick + self.tick + self.grace + self.settle

    def tick_of(self, seconds: float) -> int:
        """The start of the tick that holds this time."""
        return int(seconds // self.tick) * self.tick

    def ticks(self, first: int, last: int) -> Iterator[int]:
        """The starts of all ticks from the one that holds `first` to the one that holds `last`."""
        return iter(range(self.tick_of(first), self.tick_of(last) + 1, self.tick))

    def is_late(self, written_at: float, period_end: int) -> bool:
        """True if evidence written then came after its period was judged."""
        return written_at > period_end + self.grace + self.settle

    def may_be_unseen(self, written_at: float, period_end: int) -> bool:
        """True if evidence written then may have been unreadable when its period was judged."""
        return self.is_late(written_at + self.write_delay, period_end)


def period_start(seconds: float, period: int) -> int:
    """The start of the period that holds this time; periods divide a day and count from midnight UTC."""
    return int(seconds // period) * period


def last_complete(tick_end: int, period: int) -> int:
    """The start of the last period that ended by then."""
    return period_start(tick_end, period) - period
