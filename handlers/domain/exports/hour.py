"""An hour of UTC as a value: what is exported is always one, whole."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

SECONDS = 3600
_NS = 1_000_000_000
_TEXT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d)", re.ASCII)


@dataclass(frozen=True, order=True, slots=True)
class Hour:
    """The hour that begins `index` hours after the epoch; written 2026-11-22T02."""

    index: int

    @classmethod
    def containing(cls, seconds: float) -> "Hour":
        """The hour in which a moment (seconds since the epoch) lies."""
        return cls(int(seconds // SECONDS))

    @classmethod
    def of_time_ns(cls, time_ns: int) -> "Hour":
        """The hour in which a point's time lies."""
        return cls(time_ns // (SECONDS * _NS))

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
    def start(self) -> int:
        """Its first moment, in seconds since the epoch."""
        return self.index * SECONDS

    @property
    def end(self) -> int:
        """The first moment after it."""
        return self.start + SECONDS

    @property
    def date(self) -> str:
        """Its day, as the partition key `export_date` has it."""
        return str(self)[:10]

    @property
    def of_day(self) -> str:
        """Its two digits, as the partition key `export_hour` has them."""
        return str(self)[11:]

    def plus(self, hours: int) -> "Hour":
        """The hour so many later."""
        return Hour(self.index + hours)

    def __str__(self) -> str:
        return f"{datetime.fromtimestamp(self.start, UTC):%Y-%m-%dT%H}"


def hours_between(first: Hour, last: Hour) -> Iterator[Hour]:
    """Every hour from the first to the last, both included."""
    return (Hour(index) for index in range(first.index, last.index + 1))


def complete_at(hour: Hour, lag_seconds: float) -> float:
    """From when an hour counts as complete: what comes for it later is late."""
    return hour.end + lag_seconds


def due_hour(scheduled: float, lag_seconds: float) -> Hour:
    """The newest hour that is complete at a scheduled time."""
    return Hour.containing(scheduled - lag_seconds).plus(-1)
