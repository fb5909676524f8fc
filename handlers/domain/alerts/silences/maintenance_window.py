"""Maintenance windows: hours of a week by the clocks of a time zone, which jump twice a year."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 1_440
# A window on each day of a week, and the days beside it, as the clocks of a zone are up to 15 hours off.
_DAYS_AHEAD = 9


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """The hours from `begin_minutes` to `end_minutes` of the day that begin on these days of the week (Monday is 0).

    One that ends where it begins or before that ends on the next day. Where clocks are put forward, a window that
    begins in the hour they skip begins when they jump, and one that ends in it ends as much after the jump as it would
    have after the hour's begin. Where they are put back, it begins with the first and ends with the second of two equal
    times. So none is lost, and none ends early.
    """

    days: frozenset[int]
    begin_minutes: int
    end_minutes: int
    zone: str

    def holds(self, time_s: int) -> bool:
        """True if the time is in one of the windows."""
        return any(begin_s <= time_s < end_s for begin_s, end_s in self._around(time_s))

    def next(self, time_s: int) -> tuple[int, int]:
        """The begin and the end, in seconds since 1970, of the window that holds the time, or of the next one."""
        return next(bounds for bounds in self._around(time_s) if bounds[1] > time_s)

    def __str__(self) -> str:
        every = len(self.days) == len(DAYS)
        days = "daily" if every else ",".join(DAYS[day] for day in sorted(self.days))
        return f"{days} {_clock(self.begin_minutes)}-{_clock(self.end_minutes)} {self.zone}"

    def _around(self, time_s: int) -> Iterator[tuple[int, int]]:
        today = datetime.fromtimestamp(time_s, zone_of(self.zone)).date()
        for ahead in range(-2, _DAYS_AHEAD):
            day = today + timedelta(days=ahead)
            if day.weekday() in self.days:
                yield self._bounds(day)

    def _bounds(self, day: date) -> tuple[int, int]:
        after = 0 if self.end_minutes > self.begin_minutes else DAY_MINUTES
        return _first(day, self.begin_minutes, self.zone), _last(day, self.end_minutes + after, self.zone)


@lru_cache(maxsize=100)
def zone_of(name: str) -> ZoneInfo:
    """The zone of a name; ValueError if there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{name!r} is no time zone; there are UTC, Europe/Berlin, …") from error


def instants(local: datetime, zone: str) -> tuple[int, int]:
    """The two times, in seconds since 1970, that a local time may be: equal, but where clocks are put forward or back.

    Put back, it comes twice, and the first is the smaller one. Put forward, it is skipped, and the first, by the clock
    before the jump, is the larger one.
    """
    first, second = (int(local.replace(tzinfo=zone_of(zone), fold=fold).timestamp()) for fold in (0, 1))
    return first, second


def _first(day: date, minutes: int, zone: str) -> int:
    first, second = instants(_local(day, minutes), zone)
    if first <= second:
        return first
    # Skipped: between the two the offset becomes the later one, and the clocks jump.
    later = _offset(first, zone)
    return second + bisect_left(range(second, first + 1), later, key=lambda time_s: _offset(time_s, zone))


def _last(day: date, minutes: int, zone: str) -> int:
    return max(instants(_local(day, minutes), zone))


def _local(day: date, minutes: int) -> datetime:
    return datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001 - local by intent


def _offset(time_s: int, zone: str) -> timedelta:
    found = datetime.fromtimestamp(time_s, UTC).astimezone(zone_of(zone)).utcoffset()
    return found or timedelta()


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
