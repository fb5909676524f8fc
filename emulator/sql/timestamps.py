"""Timestamps and times of day as integers: read from text; and now(), which is known when a query starts."""

import re
from datetime import UTC, datetime

NANOSECOND, MICROSECOND, MILLISECOND, SECOND = 1, 1_000, 1_000_000, 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
WEEK = 7 * DAY

UNITS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}
"""Nanoseconds in each unit that always lasts the same."""
MONTHS = {"month": 1, "quarter": 3, "year": 12}

_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?: ([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,9}))?)?)?"
)
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?")
_LONGEST = 2**63 - 1
_NOW = re.compile("\0(-?[0-9]+)\0")


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


def now_sql(offset_ns: int) -> str:
    """The mark in a translation for the moment at which the query starts, moved by an offset.

    A translation is thereby good for every run. NUL cannot be in a query's text, so nothing a caller writes can look
    like the mark.
    """
    return f"\0{offset_ns}\0"


def at(sql: str, now_ns: int) -> str:
    """A translation's SQL for a query that starts at this moment."""
    return _NOW.sub(lambda mark: f"CAST({now_ns + int(mark[1])} AS BIGINT)", sql)
