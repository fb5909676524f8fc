"""The words of `ops alerts silence`: which alerts, for how long, and in which hours of the week."""

import argparse
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from handlers.domain.alerts.rules.fields import RuleError
from handlers.domain.alerts.silences.maintenance_window import (
    DAYS,
    MaintenanceWindow,
    instants,
    zone_of,
)
from handlers.domain.alerts.silences.matcher import FIELDS, Matcher, fits
from handlers.domain.alerts.silences.reading import read_patterns, read_window
from handlers.vocabulary import RULE_METRIC_TYPES, Severity
from ops.errors import OperatorError
from ops.output import moment, sanitize

LEAST_S = 60
MOST_S = 366 * 86_400
_UNITS_S = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:\d{1,9}[wdhms])+", re.ASCII)
_PART = re.compile(r"(\d+)([wdhms])", re.ASCII)
_CLOCK = re.compile(r"\d\d:\d\d", re.ASCII)
_WINDOW = re.compile(r"(?P<days>[a-z,-]+) +(?P<begin>\d\d:\d\d)-(?P<end>\d\d:\d\d)", re.ASCII)
_WHOLE_WEEK = ("daily", "day")
# As rule files call them, and the short words.
_NAMES = {
    "rule_id": "rule",
    "metric_name": "metric",
    "metric_type": "type",
    **{name: name for name in FIELDS},
}
_KNOWN = {"severity": [str(severity) for severity in Severity], "type": RULE_METRIC_TYPES}


def matcher_of(words: Sequence[str], *, every: bool) -> Matcher:
    """The matcher of words such as `cpu-*`, which is a rule, `severity=low` and `host=web-1`.

    OperatorError for one that would match every alert, unless that is what was asked for, and then for any word.
    """
    if every:
        if words:
            raise OperatorError(f"--all is every alert; leave out {sanitize(' '.join(words))}, or --all")
        return Matcher()
    matcher = _read(words)
    if matcher.is_everything:
        named = f"{matcher} matches every alert" if words else "no alert is named"
        raise OperatorError(f"{named}; say which (RULE_ID, severity=…, host=…), or --all")
    return matcher


def duration_s(text: str) -> int:
    """The seconds of `90m`, `2h`, `1d12h`; ArgumentTypeError for anything else."""
    if _DURATION.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 30m, 2h, 1d12h, 2w")
    seconds = sum(int(number) * _UNITS_S[unit] for number, unit in _PART.findall(text))
    if not LEAST_S <= seconds <= MOST_S:
        raise argparse.ArgumentTypeError(f"{text!r}: at least a minute, at most 366 days")
    return seconds


def zone_name(text: str) -> str:
    """The name of a time zone; ArgumentTypeError if there is none of it."""
    try:
        zone_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def window_of(text: str, zone: str) -> MaintenanceWindow:
    """The window of `sat,sun 02:00-04:00`, `mon-fri 22:00-01:00`, `daily 03:00-03:30`."""
    match = _WINDOW.fullmatch(text.strip().lower())
    if match is None:
        raise OperatorError(
            f"--every {sanitize(text)!r}: days and hours, such as 'sat,sun 02:00-04:00', 'mon-fri 22:00-01:00' or "
            "'daily 03:00-03:30'"
        )
    days = [day for part in match["days"].split(",") for day in _days(part)]
    document = {"days": days, "begin": match["begin"], "end": match["end"], "zone": zone}
    try:
        return read_window(document)
    except RuleError as error:
        raise OperatorError(f"--every {sanitize(text)!r}: {error.message}") from error


def time_s(option: str, text: str, zone: str, now_s: int) -> int:
    """The time, in seconds since 1970, of a date and time, or of the next time that clocks show `18:00`.

    One without an offset is of the zone. OperatorError for one that its clocks skip, or show twice.
    """
    if _CLOCK.fullmatch(text):
        today = datetime.fromtimestamp(now_s, zone_of(zone))
        days = (f"{today + timedelta(days=ahead):%Y-%m-%d}T{text}" for ahead in (0, 1))
        return next(found for found in (time_s(option, day, zone, now_s) for day in days) if found > now_s)
    try:
        local = datetime.fromisoformat(text)
    except ValueError as error:
        raise OperatorError(
            f"{option} {sanitize(text)!r}: a time such as 18:00, 2026-12-24T18:00 or 2026-12-24T18:00+01:00"
        ) from error
    if local.tzinfo is not None:
        return int(local.timestamp())
    first, second = instants(local, zone)
    if first > second:
        raise OperatorError(
            f"{option} {text}: the clocks of {zone} skip that time, they are put forward then"
        )
    if first < second:
        raise OperatorError(
            f"{option} {text}: the clocks of {zone} show that time twice, at {moment(first)} and {moment(second)} UTC; "
            f"give it with an offset, such as {text}Z"
        )
    return first


def _days(part: str) -> Iterable[str]:
    """The days of `sat`, `mon-fri`, `sat-mon` or `daily`; an unknown word as it stands, for the reader to refuse."""
    if part in _WHOLE_WEEK:
        return DAYS
    first, dash, last = part.partition("-")
    if not dash or first not in DAYS or last not in DAYS:
        return (part,)
    begin, end = DAYS.index(first), DAYS.index(last)
    return (DAYS[number % len(DAYS)] for number in range(begin, end + 1 + (len(DAYS) if end < begin else 0)))


def _read(words: Sequence[str]) -> Matcher:
    fields: dict[str, list[str]] = {}
    dimensions: dict[str, list[str]] = {}
    for word in words:
        name, equals, pattern = word.partition("=")
        if not equals:
            name, pattern = "rule", word
        if name in _NAMES:
            _expect_known(word, _NAMES[name], pattern)
            fields.setdefault(_NAMES[name], []).append(pattern)
        else:
            dimensions.setdefault(name.removeprefix("group."), []).append(pattern)
    try:
        return Matcher(read_patterns("match", fields, FIELDS), read_patterns("match", dimensions))
    except RuleError as error:
        raise OperatorError(f"{error.field}: {error.message}") from error


def _expect_known(word: str, name: str, pattern: str) -> None:
    known = _KNOWN.get(name)
    if known is not None and not any(fits(pattern, value) for value in known):
        raise OperatorError(f"{sanitize(word)}: {name} is one of {', '.join(known)}")
