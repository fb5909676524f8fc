"""Silences as plain mappings, in the form in which their table keeps them."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from handlers.domain.alerts.rules.fields import Fields, RuleError, integer, shown
from handlers.domain.alerts.rules.point_fields import VALUE_BYTES, read_text
from handlers.domain.alerts.silences.maintenance_window import (
    DAY_MINUTES,
    DAYS,
    MaintenanceWindow,
    zone_of,
)
from handlers.domain.alerts.silences.matcher import FIELDS, Matcher, Patterns
from handlers.domain.alerts.silences.silence import Silence
from handlers.domain.dimensions import NAME_CHARACTERS, is_printable

# Items of a later version may mean what this one does not understand: they hold nothing back.
VERSION = 1
MOST_NAMES = 20
MOST_PATTERNS = 50
WHY_BYTES = 500
BY_BYTES = 500
_LATEST_S = 10**11
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)


class SilenceError(RuleError):
    """A silence that cannot be used: the field, its value, what is allowed there."""


def read_silence(document: Mapping[str, Any]) -> Silence:
    """The silence that a mapping describes, whatever else it says; `SilenceError` names what is wrong."""
    try:
        return _read(document)
    except RuleError as error:
        raise SilenceError(error.field, error.message, error.others) from error


def read_window(document: Mapping[str, Any]) -> MaintenanceWindow:
    """The window of a mapping of days, begin, end and zone; `SilenceError` names what is wrong."""
    try:
        return _read_window("every", document)
    except RuleError as error:
        raise SilenceError(error.field, error.message, error.others) from error


def silence_document(silence: Silence) -> dict[str, Any]:
    """The mapping of a silence: `read_silence` makes the same of it."""
    document: dict[str, Any] = {
        "silence_id": silence.silence_id,
        "version": VERSION,
        "match": _patterns_document(silence.matcher.fields),
        "dimensions": _patterns_document(silence.matcher.dimensions),
        "from": silence.from_s,
        "until": silence.until_s,
        "why": silence.why,
        "by": silence.by,
        "created_at": silence.created_s,
        "ended_by": silence.ended_by,
    }
    window = silence.window
    if window is not None:
        document["every"] = {
            "days": [DAYS[day] for day in sorted(window.days)],
            "begin": _clock_text(window.begin_minutes),
            "end": _clock_text(window.end_minutes),
            "zone": window.zone,
        }
    return document


def read_patterns(field: str, value: object, names: Sequence[str] | None = None) -> Patterns:
    """Patterns by name, in the order of names; `names` are those that there are, if not any is."""
    if not isinstance(value, Mapping) or len(value) > MOST_NAMES:
        raise RuleError(field, f"{shown(value)}: a mapping of up to {MOST_NAMES} names to patterns")
    fields = Fields(value, f"{field}.")
    if names is not None:
        fields.expect_only(names)
    found = [(_name(field, name), fields.read(name, _read_patterns)) for name in value]
    fields.finish()
    return tuple(sorted(found))


def _read(document: Mapping[str, Any]) -> Silence:
    fields = Fields(document)
    fields.read("version", lambda field, value: integer(field, value, 1, VERSION), VERSION)
    window = fields.read("every", _read_window) if "every" in document else None
    least_s = 0 if window is not None else 1
    silence = Silence(
        silence_id=fields.read("silence_id", partial(read_text, most_bytes=64)),
        matcher=Matcher(
            fields.read("match", partial(read_patterns, names=FIELDS), {}),
            fields.read("dimensions", read_patterns, {}),
        ),
        from_s=fields.read("from", lambda field, value: integer(field, value, 0, _LATEST_S)),
        until_s=fields.read("until", lambda field, value: integer(field, value, least_s, _LATEST_S), 0),
        why=fields.read("why", partial(read_text, most_bytes=WHY_BYTES)),
        by=fields.read("by", partial(read_text, most_bytes=BY_BYTES)),
        created_s=fields.read("created_at", lambda field, value: integer(field, value, 0, _LATEST_S), 0),
        window=window,
        ended_by=fields.read("ended_by", _read_ended_by, ""),
    )
    fields.finish()
    return silence


def _name(field: str, name: object) -> str:
    return read_text(field, name, NAME_CHARACTERS)


def _read_patterns(field: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MOST_PATTERNS:
        raise RuleError(field, f"{shown(value)}: a list of 1 to {MOST_PATTERNS} patterns")
    return tuple(sorted({_read_pattern(field, pattern) for pattern in value}))


def _read_pattern(field: str, value: object) -> str:
    """Text of one line; the empty one is for alerts that lack the dimension."""
    if not isinstance(value, str) or not is_printable(value) or len(value.encode()) > VALUE_BYTES:
        raise RuleError(
            field, f"{shown(value)}: text of up to {VALUE_BYTES} bytes without control characters"
        )
    return value


def _read_ended_by(field: str, value: object) -> str:
    return "" if value == "" else read_text(field, value, BY_BYTES)


def _read_window(field: str, value: object) -> MaintenanceWindow:
    if not isinstance(value, Mapping):
        raise RuleError(field, f"{shown(value)}: a mapping of days, begin, end and zone")
    fields = Fields(value, f"{field}.")
    fields.expect_only(("days", "begin", "end", "zone"))
    days = fields.read("days", _read_days)
    begin = fields.read("begin", _read_clock)
    end = fields.read("end", _read_clock)
    zone = fields.read("zone", _read_zone, "UTC")
    fields.finish()
    if begin in (end, DAY_MINUTES):
        raise RuleError(
            field, f"{_clock_text(begin)}-{_clock_text(end)}: two different times; all day is 00:00-24:00"
        )
    return MaintenanceWindow(days, begin, end, zone)


def _read_days(field: str, value: object) -> frozenset[int]:
    known = {day: number for number, day in enumerate(DAYS)}
    if not isinstance(value, list | tuple) or not value or not all(day in known for day in map(str, value)):
        raise RuleError(field, f"{shown(value)}: days of the week, of {', '.join(DAYS)}")
    return frozenset(known[day] for day in value)


def _read_clock(field: str, value: object) -> int:
    if not isinstance(value, str) or _CLOCK.fullmatch(value) is None:
        raise RuleError(field, f"{shown(value)}: a time of day from 00:00 to 24:00")
    hours, minutes = value.split(":")
    return int(hours) * 60 + int(minutes)


def _read_zone(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise RuleError(field, f"{shown(value)}: the name of a time zone, such as Europe/Berlin")
    try:
        zone_of(value)
    except ValueError as error:
        raise RuleError(field, str(error)) from error
    return value


def _patterns_document(patterns: Patterns) -> dict[str, list[str]]:
    return {name: list(values) for name, values in patterns}


def _clock_text(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
