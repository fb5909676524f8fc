"""Evaluation intervals and periods: when a period of event time is complete, and in which interval a time lies.

Times are seconds since 1970. Those that were reckoned (starts, ends, what a table keeps) are whole, int; `now_s` is a
clock's reading, float, whose fraction is dropped where it is stored. Intervals and periods are named by their start.
"""

from dataclasses import dataclass

from handlers.vocabulary import ALLOWED_LATENESS_S

DAY_S = 86_400
HOUR_S = 3_600
MAX_PERIOD_S = HOUR_S


@dataclass(frozen=True, slots=True)
class Timing:
    """The rhythm of a deployment, in whole seconds of the clock that is the same for all."""

    interval_s: int = 60
    # Points on their way are waited for this long after an interval's end.
    grace_s: int = 10
    # A batch closes one batching window after its first point; its item needs a moment more to be written.
    write_time_s: int = 1
    # An item may become readable this long after the time it carries: the longest a write is tried.
    visibility_delay_s: int = 5
    # A point that comes later than this after its period's end is dropped.
    allowed_lateness_s: int = ALLOWED_LATENESS_S

    def ready_at(self, interval_start_s: int) -> int:
        """The time from which the interval may be evaluated."""
        return interval_start_s + self.interval_s + self.grace_s + self.write_time_s

    def interval_of(self, time_s: float) -> int:
        """The start of the interval that holds this time."""
        return int(time_s // self.interval_s) * self.interval_s

    def is_late(self, written_at_s: float, period_end_s: int) -> bool:
        """True if what was written then came after its period was evaluated."""
        return written_at_s > period_end_s + self.grace_s + self.write_time_s

    def may_be_unseen(self, written_at_s: float, period_end_s: int) -> bool:
        """True if what was written then may have been unreadable when its period was evaluated."""
        return self.is_late(written_at_s + self.visibility_delay_s, period_end_s)


def period_start(time_s: float, period_s: int) -> int:
    """The start of the period that holds this time; periods divide a day and count from midnight UTC."""
    return int(time_s // period_s) * period_s


def last_complete_period(interval_end_s: int, period_s: int) -> int:
    """The start of the last period that ended by then."""
    return period_start(interval_end_s, period_s) - period_s
