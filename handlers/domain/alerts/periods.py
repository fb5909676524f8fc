"""Evaluation intervals and periods: when a period of event time is complete, and in which interval a time lies.

Times are seconds since 1970. Those that were reckoned (starts, ends, what a table keeps) are whole, int; `now_s` is a
clock's reading, float, whose fraction is dropped where it is stored. Intervals and periods are named by their start.
"""

from dataclasses import dataclass

from handlers.vocabulary import ALLOWED_LATENESS_S

DAY_S = 86_400
HOUR_S = 3_600
MAX_PERIOD_S = HOUR_S
# Intervals older than this, when an execution comes to them, are not made up for any more.
MADE_UP_S = 3 * HOUR_S
# How far back a group's periods are evaluated again when late points of it make a difference.
REMEMBERED_S = 4 * HOUR_S


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

    def late_after(self, period_end_s: int) -> int:
        """The time after which what is written of a period came late."""
        return period_end_s + self.grace_s + self.write_time_s

    def known_until(self, interval_start_s: int) -> int:
        """The time up to which items count for the interval, if they can be read: what is evaluated later, too."""
        return self.ready_at(interval_start_s) + self.visibility_delay_s

    def unseen_after(self, interval_start_s: int) -> int:
        """The time after which items may not have been readable when the interval before was evaluated."""
        return self.ready_at(interval_start_s - self.interval_s) - self.visibility_delay_s


def period_start(time_s: float, period_s: int) -> int:
    """The start of the period that holds this time; periods divide a day and count from midnight UTC."""
    return int(time_s // period_s) * period_s


def last_complete_period(interval_end_s: int, period_s: int) -> int:
    """The start of the last period that ended by then."""
    return period_start(interval_end_s, period_s) - period_s


def hour_of(interval_end_s: int) -> int:
    """The begin of the hour that an interval lies in: one that ends with an hour is its last."""
    return (interval_end_s - 1) // HOUR_S * HOUR_S
