"""Timestream's own SQL, besides Trino's: durations such as 30s, measure_value::double, ago(), bin() and the like."""

import re
from decimal import Decimal

from emulator.sql import Dialect
from emulator.sql.arithmetic import months, nanoseconds, shifted
from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call, Function, Signature, function, returning
from emulator.sql.functions import SCALAR_FUNCTIONS
from emulator.sql.parser import RESERVED, Grammar
from emulator.sql.timestamps import DAY, HOUR, MICROSECOND, MILLISECOND, MINUTE, NANOSECOND, SECOND, now_sql
from emulator.sql.types import BIGINT, DAY_TO_SECOND, TIMESTAMP, VARCHAR, YEAR_TO_MONTH
from emulator.timestream.series import SERIES_AGGREGATES, SERIES_FUNCTIONS

_UNITS = {
    "ns": NANOSECOND, "nanosecond": NANOSECOND, "us": MICROSECOND, "microsecond": MICROSECOND,
    "ms": MILLISECOND, "millisecond": MILLISECOND, "s": SECOND, "second": SECOND, "m": MINUTE, "minute": MINUTE,
    "h": HOUR, "hour": HOUR, "d": DAY, "day": DAY,
}  # fmt: skip
_MONTHS = {"y": 12, "year": 12, "month": 1}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([A-Za-z]+)")
_LONGEST = 2**63 - 1
_MEASURE_TYPES = ("double", "bigint", "varchar", "boolean", "timestamp")
_NOT_NEGATIVE = "CAST(CAST({0} AS UBIGINT) AS BIGINT)"
"""Fails for a negative time, as `error` would, which DuckDB takes nowhere in PARTITION BY and TRY."""


def _ago(call: Call) -> BoundExpression:
    kinds = [argument.type for argument in call.arguments()]
    (length,) = call.take(DAY_TO_SECOND if kinds[:1] == [DAY_TO_SECOND] else YEAR_TO_MONTH)
    if length.type is YEAR_TO_MONTH:
        return shifted(BoundExpression(now_sql(0), TIMESTAMP), f"-{length.sql}")
    if isinstance(length.value, int):
        return BoundExpression(now_sql(-length.value), TIMESTAMP)
    return BoundExpression(f"({now_sql(0)} - {length.sql})", TIMESTAMP)


def _bin(call: Call) -> BoundExpression:
    moment, width = call.take(TIMESTAMP, DAY_TO_SECOND)
    if not isinstance(width.value, int):
        raise call.lacks("bin with a width that is no literal")
    if width.value <= 0:
        raise call.refuse("The width of bin must be greater than zero")
    at = moment.sql if moment.since_1970 else _NOT_NEGATIVE.format(moment.sql)
    sql = f"{at} - {at} % {width.value}"
    return BoundExpression(f"({sql})", TIMESTAMP)


def _parse_duration(call: Call) -> BoundExpression:
    (given,) = call.take(VARCHAR)
    if not isinstance(given.value, str):
        raise call.lacks("parse_duration of a text that is no literal")
    length = _duration(given.value)
    if length is None:
        raise call.refuse(f"Invalid duration: {given.value}")
    return length


def _duration(text: str) -> BoundExpression | None:
    """A duration such as 30s, 1.5h or 1year as an interval; None if it is none."""
    match = _DURATION.fullmatch(text.strip())
    unit = match[2].lower() if match else ""
    scale = _UNITS.get(unit) or _MONTHS.get(unit)
    if match is None or scale is None:
        return None
    amount = Decimal(match[1]) * scale
    if amount != int(amount) or amount > _LONGEST:
        return None
    return nanoseconds(int(amount)) if unit in _UNITS else months(int(amount))


FUNCTIONS: dict[str, Function] = {
    "ago": _ago,
    "bin": _bin,
    "parse_duration": _parse_duration,
    "timestampadd": SCALAR_FUNCTIONS["date_add"],
    "from_milliseconds": returning(TIMESTAMP, "{0} * 1000000", BIGINT),
    "from_nanoseconds": returning(TIMESTAMP, "{0}", BIGINT),
    "to_milliseconds": function(
        Signature((DAY_TO_SECOND,), BIGINT, "{0} // 1000000"),
        Signature((TIMESTAMP,), BIGINT, f"{_NOT_NEGATIVE} // 1000000"),
    ),
    "to_nanoseconds": function(
        Signature((DAY_TO_SECOND,), BIGINT, "{0}"), Signature((TIMESTAMP,), BIGINT, "{0}")
    ),
}

GRAMMAR = Grammar(RESERVED, (*_UNITS, *_MONTHS), parameters=True, typed={"measure_value": _MEASURE_TYPES})
TIMESTREAM = Dialect({**FUNCTIONS, **SERIES_FUNCTIONS}, GRAMMAR, aggregates=SERIES_AGGREGATES)
