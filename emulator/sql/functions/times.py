"""Date and time functions over integer nanoseconds, in UTC."""

from emulator.sql import instants
from emulator.sql.arithmetic import months, nanoseconds, shifted
from emulator.sql.call import Call
from emulator.sql.clock import now_sql
from emulator.sql.functions.signature import Function, Signature, function, returning
from emulator.sql.typed import Typed, coerce, date_of, varchar
from emulator.sql.types import BIGINT, DATE, DAY_TO_SECOND, DOUBLE, TIME, TIMESTAMP, VARCHAR, YEAR_TO_MONTH

_DAY = instants.DAY
_MONDAY = 3 * instants.DAY
"""1970-01-01 was a Thursday, three days after a Monday."""
_NEGATIVE = "error('Timestream does not support negative time values')"


def _now(call: Call) -> Typed:
    call.take()
    return Typed(now_sql(0), TIMESTAMP)


def _ago(call: Call) -> Typed:
    (length,) = (
        call.take(DAY_TO_SECOND)
        if call.arguments()[:1] and call.arguments()[0].type is DAY_TO_SECOND
        else call.take(YEAR_TO_MONTH)
    )
    if length.type is YEAR_TO_MONTH:
        return shifted(Typed(now_sql(0), TIMESTAMP), f"-{length.sql}")
    if isinstance(length.value, int):
        return Typed(now_sql(-length.value), TIMESTAMP)
    return Typed(f"({now_sql(0)} - {length.sql})", TIMESTAMP)


def _bin(call: Call) -> Typed:
    moment, width = call.take(TIMESTAMP, DAY_TO_SECOND)
    if not isinstance(width.value, int) or width.value <= 0:
        raise call.refuse("bin is only supported with a literal interval greater than zero")
    sql = f"{moment.sql} - {moment.sql} % {width.value}"
    if not moment.since_1970:
        sql = f"CASE WHEN {moment.sql} < 0 THEN {_NEGATIVE} ELSE {sql} END"
    return Typed(f"({sql})", TIMESTAMP)


def _parse_duration(call: Call) -> Typed:
    (given,) = call.take(VARCHAR)
    parsed = instants.duration(given.value) if isinstance(given.value, str) else None
    if parsed is None:
        raise call.refuse(
            f"Invalid duration: {given.value if given.value is not None else 'only literals are supported'}"
        )
    kind, amount = parsed
    return nanoseconds(amount) if kind == "ns" else months(amount)


def _unit(call: Call, given: Typed) -> str:
    unit = str(given.value).lower() if isinstance(given.value, str) else ""
    if unit not in (*instants.UNITS, *instants.MONTHS, "millisecond"):
        raise call.refuse(f"'{given.value}' is not a valid unit for {call.name}")
    return unit


_LENGTHS = {**instants.UNITS, "millisecond": instants.MILLISECOND}


def _moments(call: Call, count: int) -> tuple[str, list[Typed]]:
    arguments = call.arguments()
    if len(arguments) != count:
        raise call.mismatch(arguments)
    return _unit(call, arguments[0]), arguments


def _date_trunc(call: Call) -> Typed:
    unit, arguments = _moments(call, 2)
    kind = DATE if arguments[1].type is DATE else TIMESTAMP
    moment = coerce(arguments[1], TIMESTAMP)
    if moment is None or unit == "millisecond" or (kind is DATE and unit in ("second", "minute", "hour")):
        raise call.mismatch(arguments)
    if unit in instants.MONTHS:
        sql = f"epoch_ns(CAST(date_trunc('{unit}', {date_of(moment.sql)}) AS TIMESTAMP_NS))"
    else:
        length, origin = instants.UNITS[unit], _MONDAY if unit == "week" else 0
        rest = f"({moment.sql} + {origin}) % {length}"
        sql = (
            f"{moment.sql} - {rest}"
            if moment.since_1970
            else f"{moment.sql} - ({rest} + {length}) % {length}"
        )
    return Typed(f"({sql})", TIMESTAMP) if kind is TIMESTAMP else Typed(date_of(sql), DATE)


def _date_add(call: Call) -> Typed:
    unit, arguments = _moments(call, 3)
    count = coerce(arguments[1], BIGINT)
    moment = arguments[2] if arguments[2].type in (DATE, TIME) else coerce(arguments[2], TIMESTAMP)
    if count is None or moment is None:
        raise call.mismatch(arguments)
    if moment.type is TIME:
        if unit not in ("second", "minute", "hour", "millisecond"):
            raise call.mismatch(arguments)
        return Typed(f"(({moment.sql} + {count.sql} * {_LENGTHS[unit]} % {_DAY} + {_DAY}) % {_DAY})", TIME)
    if unit in instants.MONTHS:
        return shifted(moment, f"({count.sql} * {instants.MONTHS[unit]})")
    if moment.type is DATE:
        if _LENGTHS[unit] % _DAY:
            raise call.mismatch(arguments)
        return Typed(f"({moment.sql} + CAST({count.sql} * {_LENGTHS[unit] // _DAY} AS INTEGER))", DATE)
    return Typed(f"({moment.sql} + {count.sql} * {_LENGTHS[unit]})", TIMESTAMP)


def _date_diff(call: Call) -> Typed:
    """Whole units between two moments, cut toward zero."""
    unit, arguments = _moments(call, 3)
    kind = TIME if arguments[1].type is TIME else TIMESTAMP
    first, second = coerce(arguments[1], kind), coerce(arguments[2], kind)
    if (
        first is None
        or second is None
        or (kind is TIME and (unit in instants.MONTHS or unit in ("day", "week")))
    ):
        raise call.mismatch(arguments)
    if unit in instants.MONTHS:
        months = _whole_months(first.sql, second.sql)
        return Typed(f"({months} // {instants.MONTHS[unit]})", BIGINT)
    return Typed(f"(({second.sql} - {first.sql}) // {_LENGTHS[unit]})", BIGINT)


def _whole_months(first: str, second: str) -> str:
    """Return whole months between two moments.

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
    "hour": f"{{0}} // {instants.HOUR} % 24",
    "minute": f"{{0}} // {instants.MINUTE} % 60",
    "second": f"{{0}} // {instants.SECOND} % 60",
    "millisecond": f"{{0}} // {instants.MILLISECOND} % 1000",
    "nanosecond": "{0} % 1000000000",
}
_INTERVAL_FIELDS = {"day": "{0} // 86400000000000", "year": "{0} // 12", "month": "{0} % 12"}


def _field(name: str) -> Function:
    """The function that takes one field of a date, time, timestamp or interval."""
    signatures = []
    if name in _CLOCK_FIELDS:
        clock = _CLOCK_FIELDS[name]
        of_day = f"(({{0}} % {_DAY} + {_DAY}) % {_DAY})"
        signatures.append(Signature((TIMESTAMP,), BIGINT, clock.replace("{0}", of_day)))
        signatures += [Signature((kind,), BIGINT, clock) for kind in (TIME, DAY_TO_SECOND)]
    else:
        part = _FIELDS[name]
        signatures.append(Signature((TIMESTAMP,), BIGINT, f"{part}({date_of('{0}')})"))
        signatures.append(Signature((DATE,), BIGINT, f"{part}({{0}})"))
    if name in ("day", "day_of_month"):
        signatures.append(Signature((DAY_TO_SECOND,), BIGINT, _INTERVAL_FIELDS["day"]))
    if name in ("year", "month"):
        signatures.append(Signature((YEAR_TO_MONTH,), BIGINT, f"CAST({_INTERVAL_FIELDS[name]} AS BIGINT)"))
    return function(*signatures)


_EXTRACTORS = {name: _field(name) for name in (*_FIELDS, *_CLOCK_FIELDS)}


def _extract(call: Call) -> Typed:
    field = call.nodes[0].name.lower()
    if field not in _EXTRACTORS or field in ("millisecond", "nanosecond", "week_of_year"):
        raise call.refuse(f"Invalid EXTRACT field: {field}")
    return _EXTRACTORS[field](Call(call.binder, call.node, call.scope, field, call.nodes[1:]))


def _current_date(call: Call) -> Typed:
    call.take()
    return Typed(date_of(now_sql(0)), DATE)


def _current_time(call: Call) -> Typed:
    call.take()
    return Typed(f"({now_sql(0)} % {_DAY})", TIME)


def _current_timezone(call: Call) -> Typed:
    call.take()
    return varchar("UTC")


def _date(call: Call) -> Typed:
    arguments = call.arguments()
    if len(arguments) == 1 and arguments[0].type is DATE:
        return arguments[0]
    (moment,) = call.take(TIMESTAMP)
    return Typed(date_of(moment.sql), DATE)


_TO_NANOSECONDS = function(Signature((DAY_TO_SECOND,), BIGINT, "{0}"), Signature((TIMESTAMP,), BIGINT, "{0}"))
_TO_MILLISECONDS = function(
    Signature((DAY_TO_SECOND,), BIGINT, "{0} // 1000000"),
    Signature((TIMESTAMP,), BIGINT, "CASE WHEN {0} < 0 THEN " + _NEGATIVE + " ELSE {0} // 1000000 END"),
)

FUNCTIONS: dict[str, Function] = {
    "now": _now,
    "current_timestamp": _now,
    "localtimestamp": _now,
    "current_date": _current_date,
    "current_time": _current_time,
    "localtime": _current_time,
    "current_timezone": _current_timezone,
    "ago": _ago,
    "bin": _bin,
    "parse_duration": _parse_duration,
    "date_trunc": _date_trunc,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "extract": _extract,
    **_EXTRACTORS,
    "date": _date,
    "last_day_of_month": function(
        Signature((TIMESTAMP,), DATE, f"last_day({date_of('{0}')})"),
        Signature((DATE,), DATE, "last_day({0})"),
    ),
    "from_milliseconds": returning(TIMESTAMP, "{0} * 1000000", BIGINT),
    "from_nanoseconds": returning(TIMESTAMP, "{0}", BIGINT),
    "to_milliseconds": _TO_MILLISECONDS,
    "to_nanoseconds": _TO_NANOSECONDS,
    "to_unixtime": returning(DOUBLE, "CAST({0} AS DOUBLE) / 1e9", TIMESTAMP),
    "from_unixtime": returning(TIMESTAMP, "CAST(round({0} * 1e3) AS BIGINT) * 1000000", DOUBLE),
}
