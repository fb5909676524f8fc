"""An hour of UTC as a value: an export is always one, whole."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from operator import floordiv

HOUR_S = 3600
_NS = 1_000_000_000
_TEXT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d)", re.ASCII)


@dataclass(frozen=True, order=True, slots=True)
class Hour:
    """The hour that begins `index` hours after the epoch; written 2026-11-22T02."""

    index: int

    @classmethod
    def containing(cls, time_s: float) -> "Hour":
        """The hour in which a time (seconds since the epoch) lies."""
        return cls(int(time_s // HOUR_S))

    @classmethod
    def of_times_ns(cls, times_ns: Iterable[int]) -> set["Hour"]:
        """The hours in which the times of points lie, most of which are the same few."""
        return set(map(cls, set(map(floordiv, set(times_ns), repeat(HOUR_S * _NS)))))

    @classmethod
    def parse(cls, text: str) -> "Hour":
        """The hour a text like 2026-11-22T02 names; ValueError when it names none."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text[:40]!r} is not an hour; write it as 2026-11-22T02, in UTC")
        try:
            moment = datetime(*[int(part) for part in match.groups()], tzinfo=UTC)  # type: ignore[misc, arg-type]
        except ValueError as error:
            raise ValueError(f"{text!r} is not an hour of any day") from error
        return cls.containing(moment.timestamp())

    @property
    def start_s(self) -> int:
        """The first second of the hour, since the epoch."""
        return self.index * HOUR_S

    @property
    def end_s(self) -> int:
        """The first second after the hour, since the epoch."""
        return self.start_s + HOUR_S

    @property
    def date(self) -> str:
        """The day, as the partition key `export_date` has it."""
        return str(self)[:10]

    @property
    def of_day(self) -> str:
        """The two digits of the hour, as the partition key `export_hour` has them."""
        return str(self)[11:]

    def plus(self, hours: int) -> "Hour":
        """The hour so many later."""
        return Hour(self.index + hours)

    def __str__(self) -> str:
        return f"{datetime.fromtimestamp(self.start_s, UTC):%Y-%m-%dT%H}"


def hours_between(first: Hour, last: Hour) -> Iterator[Hour]:
    """Every hour from the first to the last, both included."""
    return (Hour(index) for index in range(first.index, last.index + 1))


def complete_at_s(hour: Hour, lag_s: float) -> float:
    """The time from which an hour counts as complete: points that come for it later are late."""
    return hour.end_s + lag_s


def due_hour(scheduled_s: float, lag_s: float) -> Hour:
    """The newest hour that is complete at a scheduled time."""
    return Hour.containing(scheduled_s - lag_s).plus(-1)
