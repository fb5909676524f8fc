"""Date and time functions over integer nanoseconds, in UTC."""

from emulator.sql import timestamps
from emulator.sql.arithmetic import shifted
from emulator.sql.bound import BoundExpression, date_of, varchar
from emulator.sql.call import Call, Function, Signature, function, returning
from emulator.sql.coercion import coerce
from emulator.sql.timestamps import now_sql
from emulator.sql.types import (
    BIGINT,
    DATE,
    DAY_TO_SECOND,
    DOUBLE,
    MOMENTS,
    TIME,
    TIMESTAMP,
    YEAR_TO_MONTH,
)

_DAY = timestamps.DAY
_MONDAY = 3 * timestamps.DAY
"""1970-01-01 was a Thursday, three days after a Monday."""


def _unit(call: Call, given: BoundExpression) -> str:
    unit = str(given.value).lower() if isinstance(given.value, str) else ""
    if unit not in (*timestamps.UNITS, *timestamps.MONTHS, "millisecond"):
        raise call.refuse(f"'{given.value}' is not a valid unit for {call.name}")
    return unit


_LENGTHS = {**timestamps.UNITS, "millisecond": timestamps.MILLISECOND}


def _moments(call: Call, count: int) -> tuple[str, list[BoundExpression]]:
    arguments = call.arguments()
    if len(arguments) != count:
        raise call.mismatch(arguments)
    return _unit(call, arguments[0]), arguments


def _date_trunc(call: Call) -> BoundExpression:
    unit, arguments = _moments(call, 2)
    kind = arguments[1].type if arguments[1].type in MOMENTS else TIMESTAMP
    moment = coerce(arguments[1], TIMESTAMP)
    if moment is None or unit == "millisecond" or (kind is DATE and unit in ("second", "minute", "hour")):
        raise call.mismatch(arguments)
    if unit in timestamps.MONTHS:
        sql = f"epoch_ns(CAST(date_trunc('{unit}', {date_of(moment.sql)}) AS TIMESTAMP_NS))"
    else:
        length, origin = timestamps.UNITS[unit], _MONDAY if unit == "week" else 0
        rest = f"({moment.sql} + {origin}) % {length}"
        sql = (
            f"{moment.sql} - {rest}"
            if moment.since_1970
            else f"{moment.sql} - ({rest} + {length}) % {length}"
        )
    return BoundExpression(date_of(sql), DATE) if kind is DATE else BoundExpression(f"({sql})", kind)


def _date_add(call: Call) -> BoundExpression:
    unit, arguments = _moments(call, 3)
    count = coerce(arguments[1], BIGINT)
    moment = arguments[2] if arguments[2].type in (TIME, *MOMENTS) else coerce(arguments[2], TIMESTAMP)
    if count is None or moment is None:
        raise call.mismatch(arguments)
    if moment.type is TIME:
        if unit not in ("second", "minute", "hour", "millisecond"):
            raise call.mismatch(arguments)
        return BoundExpression(
            f"(({moment.sql} + {count.sql} * {_LENGTHS[unit]} % {_DAY} + {_DAY}) % {_DAY})", TIME
        )
    if unit in timestamps.MONTHS:
        return shifted(moment, f"({count.sql} * {timestamps.MONTHS[unit]})")
    if moment.type is DATE:
        if _LENGTHS[unit] % _DAY:
            raise call.mismatch(arguments)
        return BoundExpression(
            f"({moment.sql} + CAST({count.sql} * {_LENGTHS[unit] // _DAY} AS INTEGER))", DATE
        )
    return BoundExpression(f"({moment.sql} + {count.sql} * {_LENGTHS[unit]})", moment.type)


def _date_diff(call: Call) -> BoundExpression:
    """Whole units between two moments, cut toward zero."""
    unit, arguments = _moments(call, 3)
    kind = TIME if arguments[1].type is TIME else TIMESTAMP
    first, second = coerce(arguments[1], kind), coerce(arguments[2], kind)
    if (
        first is None
        or second is None
        or (kind is TIME and (unit in timestamps.MONTHS or unit in ("day", "week")))
    ):
        raise call.mismatch(arguments)
    if unit in timestamps.MONTHS:
        months = _whole_months(first.sql, second.sql)
        return BoundExpression(f"({months} // {timestamps.MONTHS[unit]})", BIGINT)
    return BoundExpression(f"(({second.sql} - {first.sql}) // {_LENGTHS[unit]})", BIGINT)


def _whole_months(first: str, second: str) -> str:
    """The SQL of whole months between two moments.

    Of the times of day it matters only which is later, so that one second stands for all nanoseconds of it.
    """
    clocks = [f"(({moment} % {_DAY} + {_DAY}) % {_DAY})" for moment in (first, second)]

    def day(moment: str, clock: str, other: str) -> str:
        later = f"to_seconds(CASE WHEN {clock} > {other} THEN 1 ELSE 0 END)"
        return f"CAST({date_of(moment)} AS TIMESTAMP) + {later}"

    return f"date_sub('month', {day(first, *clocks)}, {day(second, *reversed(clocks))})"


_FIELDS = {
    "year": "year", "quarter": "quarter", "month": "month", "week": "week", "week_of_year": "week", "day": "day",
    "day_of_month": "day", "day_of_week": "isodow", "dow": "isodow", "day_of_year": "dayofyear", "doy": "dayofyear",
    "year_of_week": "isoyear", "yow": "isoyear",
}  # fmt: skip
_CLOCK_FIELDS = {
    "hour": f"{{0}} // {timestamps.HOUR} % 24",
    "minute": f"{{0}} // {timestamps.MINUTE} % 60",
    "second": f"{{0}} // {timestamps.SECOND} % 60",
    "millisecond": f"{{0}} // {timestamps.MILLISECOND} % 1000",
    "nanosecond": "{0} % 1000000000",
}
_INTERVAL_FIELDS = {"year": "{0} // 12", "month": "{0} % 12"}


def _field(name: str) -> Function:
    """The function that takes one field of a date, time, timestamp or interval."""
    signatures = []
    if name in _CLOCK_FIELDS:
        clock = _CLOCK_FIELDS[name]
        of_day = f"(({{0}} % {_DAY} + {_DAY}) % {_DAY})"
        signatures.append(Signature((TIMESTAMP,), BIGINT, clock.replace("{0}", of_day)))
        signatures += [Signature((kind,), BIGINT, clock) for kind in (TIME, DAY_TO_SECOND)]
    else:
        days = ((TIMESTAMP, date_of("{0}")), (DATE, "{0}"))
        signatures += [Signature((kind,), BIGINT, f"{_FIELDS[name]}({day})") for kind, day in days]
    if name in ("day", "day_of_month"):
        signatures.append(Signature((DAY_TO_SECOND,), BIGINT, f"{{0}} // {_DAY}"))
    if name in _INTERVAL_FIELDS:
        signatures.append(Signature((YEAR_TO_MONTH,), BIGINT, f"CAST({_INTERVAL_FIELDS[name]} AS BIGINT)"))
    return function(*signatures)


_EXTRACTORS = {name: _field(name) for name in (*_FIELDS, *_CLOCK_FIELDS)}


def _extract(call: Call) -> BoundExpression:
    field = call.nodes[0].name.lower()
    if field not in _EXTRACTORS or field in ("millisecond", "nanosecond", "week_of_year"):
        raise call.refuse(f"Invalid EXTRACT field: {field}")
    return _EXTRACTORS[field](Call(call.binder, call.node, call.scope, field, call.nodes[1:]))


def _current_timezone(call: Call) -> BoundExpression:
    call.take()
    return varchar("UTC")


_NOW = returning(TIMESTAMP, now_sql(0))
_CURRENT_TIME = returning(TIME, f"{now_sql(0)} % {_DAY}")

FUNCTIONS: dict[str, Function] = {
    "now": _NOW,
    "current_timestamp": _NOW,
    "localtimestamp": _NOW,
    "current_date": returning(DATE, date_of(now_sql(0))),
    "current_time": _CURRENT_TIME,
    "localtime": _CURRENT_TIME,
    "current_timezone": _current_timezone,
    "date_trunc": _date_trunc,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "extract": _extract,
    **_EXTRACTORS,
    "date": function(Signature((DATE,), DATE, "{0}"), Signature((TIMESTAMP,), DATE, date_of("{0}"))),
    "last_day_of_month": function(
        Signature((TIMESTAMP,), DATE, f"last_day({date_of('{0}')})"),
        Signature((DATE,), DATE, "last_day({0})"),
    ),
    # To the last digit of AWS's example: https://docs.aws.amazon.com/timestream/latest/developerguide/date-time-functions.html
    "to_unixtime": returning(DOUBLE, "CAST({0} AS DOUBLE) / 1e9", TIMESTAMP),
    "from_unixtime": returning(TIMESTAMP, "CAST(round({0} * 1e3) AS BIGINT) * 1000000", DOUBLE),
}
