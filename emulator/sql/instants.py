"""Timestamps, times and durations as people write them in SQL, as integers."""

import re
from datetime import UTC, datetime
from decimal import Decimal

NANOSECOND, MICROSECOND, MILLISECOND, SECOND = 1, 1_000, 1_000_000, 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
WEEK = 7 * DAY

UNITS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}
"""Nanoseconds in each unit that always lasts the same."""
MONTHS = {"month": 1, "quarter": 3, "year": 12}

_SUFFIXES = {
    "ns": NANOSECOND, "nanosecond": NANOSECOND, "us": MICROSECOND, "microsecond": MICROSECOND,
    "ms": MILLISECOND, "millisecond": MILLISECOND, "s": SECOND, "second": SECOND, "m": MINUTE, "minute": MINUTE,
    "h": HOUR, "hour": HOUR, "d": DAY, "day": DAY,
}  # fmt: skip
_MONTH_SUFFIXES = {"y": 12, "year": 12, "month": 1}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([A-Za-z]+)")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?: ([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,9}))?)?)?"
)
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?")
_LONGEST = 2**63 - 1


def is_unit(text: str) -> bool:
    """True if a word may follow a number in a duration literal."""
    return text.lower() in _SUFFIXES or text.lower() in _MONTH_SUFFIXES


def duration(text: str) -> tuple[str, int] | None:
    """Return ("ns", nanoseconds) or ("months", months) of a duration such as 30s, 1.5h or 1year; None if it is none."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return None
    number, unit = Decimal(match[1]), match[2].lower()
    kind, scale = ("ns", _SUFFIXES.get(unit)) if unit in _SUFFIXES else ("months", _MONTH_SUFFIXES.get(unit))
    if scale is None:
        return None
    amount = number * scale
    if amount != int(amount) or amount > _LONGEST:
        return None
    return kind, int(amount)


def timestamp(text: str) -> int | None:
    """The nanoseconds since 1970 of `2026-01-31 12:30:00.5` and shorter forms; None if it is no timestamp."""
    match = _TIMESTAMP.fullmatch(text.strip(" "))
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    nanoseconds = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * SECOND + fraction(
        match[7]
    )
    return nanoseconds if -_LONGEST <= nanoseconds <= _LONGEST else None


def time_of_day(text: str) -> int | None:
    """The nanoseconds since midnight of `12:30:00.5` and shorter forms; None if it is no time."""
    match = _TIME.fullmatch(text.strip(" "))
    if match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    if hour > 23 or minute > 59 or second > 59:
        return None
    return hour * HOUR + minute * MINUTE + second * SECOND + fraction(match[4])


def fraction(digits: str | None) -> int:
    """The nanoseconds that up to nine digits after the decimal point stand for."""
    return int((digits or "0").ljust(9, "0"))
