"""Partition projection: partitions computed from a table's properties, none of them registered.

Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from emulator.sql import InvalidQueryError

MAX_PARTITIONS = 1_000_000
_UNITS = {
    "SECONDS": timedelta(seconds=1),
    "MINUTES": timedelta(minutes=1),
    "HOURS": timedelta(hours=1),
    "DAYS": timedelta(days=1),
    "WEEKS": timedelta(weeks=1),
}
_MONTHS = {"MONTHS": 1, "YEARS": 12}
_NOW = re.compile(r"NOW(?:\s*([+-])\s*([0-9]+)\s*(SECOND|MINUTE|HOUR|DAY|WEEK|MONTH|YEAR)S?)?")
_FORMAT = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def enabled(parameters: Mapping[str, str]) -> bool:
    """True if a table's partitions are projected."""
    return parameters.get("projection.enabled", "").lower() == "true"


def values(column: str, parameters: Mapping[str, str], now: datetime) -> Iterator[str]:
    """The values that a partition column takes; InvalidQueryError that names the property that is wrong."""
    kind = _property(parameters, column, "type").lower()
    if kind == "enum":
        yield from (value.strip() for value in _property(parameters, column, "values").split(","))
    elif kind == "integer":
        yield from _integers(column, parameters)
    elif kind == "date":
        yield from _dates(column, parameters, now)
    else:
        raise InvalidQueryError(f"Partition projection of type '{kind}' (column {column}) is not supported")


def _integers(column: str, parameters: Mapping[str, str]) -> Iterator[str]:
    first, last = _range(parameters, column)
    try:
        step = int(parameters.get(f"projection.{column}.interval", "1"))
        digits = int(parameters.get(f"projection.{column}.digits", "0"))
        numbers = range(int(first), int(last) + 1, step)
    except ValueError as error:
        raise _wrong(column, "range") from error
    yield from (str(number).zfill(digits) for number in numbers)


def _dates(column: str, parameters: Mapping[str, str], now: datetime) -> Iterator[str]:
    pattern = _property(parameters, column, "format")
    form = _strftime(column, pattern)
    first, last = (_moment(column, edge, form, now) for edge in _range(parameters, column))
    unit, count = _step(column, parameters, pattern)
    moment = datetime.strptime(first.strftime(form), form).replace(tzinfo=UTC)
    for _ in range(MAX_PARTITIONS):
        if moment > last:
            return
        yield moment.strftime(form)
        moment = _later(moment, unit, count)
    raise InvalidQueryError(f"Partition projection of column {column} has more than {MAX_PARTITIONS} values")


def _step(column: str, parameters: Mapping[str, str], pattern: str) -> tuple[str, int]:
    """The unit and number of the interval: by itself a day or month, and given where the format is finer than a day."""
    unit = parameters.get(f"projection.{column}.interval.unit", "").upper()
    if not unit:
        if any(part in pattern for part in ("HH", "mm", "ss")):
            raise _wrong(column, "interval.unit")
        unit = "DAYS" if "dd" in pattern else "MONTHS"
    unit = unit if unit.endswith("S") else f"{unit}S"
    count = parameters.get(f"projection.{column}.interval", "1")
    if unit not in (*_UNITS, *_MONTHS) or not count.isdigit() or int(count) < 1:
        raise _wrong(column, "interval")
    return unit, int(count)


def _later(moment: datetime, unit: str, count: int) -> datetime:
    if unit in _UNITS:
        return moment + _UNITS[unit] * count
    months = moment.year * 12 + moment.month - 1 + count * _MONTHS[unit]
    year, month = months // 12, months % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def _moment(column: str, edge: str, form: str, now: datetime) -> datetime:
    relative = _NOW.fullmatch(edge.upper())
    try:
        if relative is None:
            return datetime.strptime(edge, form).replace(tzinfo=UTC)
        sign, count, unit = relative.groups()
        return _later(now, f"{unit}S", int(f"{sign}{count}")) if unit else now
    except ValueError as error:
        raise _wrong(column, "range") from error


def _strftime(column: str, pattern: str) -> str:
    """A format of Java's in Python's words, as far as it is supported."""
    parts = []
    for match in re.finditer(r"([A-Za-z])\1*|'([^']*)'|(.)", pattern):
        if match[1] and match[0] not in _FORMAT:
            raise InvalidQueryError(
                f"Partition projection format '{pattern}' (column {column}) is not supported"
            )
        parts.append(_FORMAT[match[0]] if match[1] else (match[2] or match[3] or "").replace("%", "%%"))
    return "".join(parts)


def _range(parameters: Mapping[str, str], column: str) -> tuple[str, str]:
    first, comma, last = _property(parameters, column, "range").partition(",")
    if not comma or not first.strip() or not last.strip():
        raise _wrong(column, "range")
    return first.strip(), last.strip()


def _property(parameters: Mapping[str, str], column: str, name: str) -> str:
    found = parameters.get(f"projection.{column}.{name}")
    if not found:
        raise _wrong(column, name)
    return found


def _wrong(column: str, name: str) -> InvalidQueryError:
    return InvalidQueryError(
        f"INVALID_TABLE_PROPERTY: Table property 'projection.{column}.{name}' is missing or not valid"
    )
