"""Dates and times as text, and text as dates and times."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from emulator.sql import timestamps
from emulator.sql.bound import BoundExpression, text
from emulator.sql.call import Call, Function
from emulator.sql.types import DATE, TIMESTAMP, TIMESTAMP_TZ, VARCHAR

_MYSQL = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "H": "%H", "h": "%I", "I": "%I", "i": "%M",
    "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S",
    "T": "%H:%M:%S", "W": "%A", "Y": "%Y", "y": "%y", "%": "%%",
}  # fmt: skip
_JODA = {
    "uuuu": "%Y", "LL": "%m", "L": "%-m",
    "yyyy": "%Y", "y": "%Y", "YYYY": "%Y", "yy": "%y", "MM": "%m", "M": "%-m", "MMM": "%b", "MMMM": "%B",
    "dd": "%d", "d": "%-d", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S",
    "s": "%-S", "SSS": "%g", "EEE": "%a", "E": "%a", "EE": "%a", "EEEE": "%A", "a": "%p", "DDD": "%j", "D": "%-j",
}  # fmt: skip
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def _mysql(call: Call, pattern: str, fraction: str | None = None) -> str:
    """A MySQL format as strftime's; %f, the fraction of a second, where there is a word for it."""

    def specifier(match: re.Match[str]) -> str:
        if match[0] == "%":
            raise call.refuse("The date format ends in the middle of a specifier")
        if match[1] == "f" and fraction is not None:
            return fraction
        if match[1] not in _MYSQL:
            raise call.lacks(f"the date format specifier %{match[1]}")
        return _MYSQL[match[1]]

    return re.sub(r"%(.)?", specifier, pattern, flags=re.DOTALL)


def _joda(call: Call, pattern: str) -> str:
    parts = []
    for match in re.finditer(r"(([A-Za-z])\2*)|('(?:[^']|'')*')|(.)", pattern, re.DOTALL):
        letters, quoted, other = match[1] or "", match[3] or "", match[4] or ""
        if letters and letters not in _JODA:
            raise call.lacks(f"the date format {letters}")
        literal = "'" if quoted == "''" else quoted[1:-1].replace("''", "'")
        parts.append(_JODA[letters] if letters else (literal if quoted else other).replace("%", "%%"))
    return "".join(parts)


def _formatter(translate: Callable[[Call, str], str]) -> Function:
    def bind(call: Call) -> BoundExpression:
        moment, pattern = call.take(TIMESTAMP, VARCHAR)
        if not isinstance(pattern.value, str):
            raise call.lacks(f"{call.name} with a format that is no literal")
        return BoundExpression(
            f"strftime(make_timestamp_ns({moment.sql}), {text(translate(call, pattern.value))})", VARCHAR
        )

    return bind


def _date_parse(call: Call) -> BoundExpression:
    """`date_parse`: text as a timestamp to the millisecond, by a literal MySQL format; text of another form fails."""
    given, pattern = call.take(VARCHAR, VARCHAR)
    if not isinstance(pattern.value, str):
        raise call.lacks(f"{call.name} with a format that is no literal")
    form = text(_mysql(call, pattern.value, fraction="%f"))
    return BoundExpression(f"(epoch_us(strptime({given.sql}, {form})) // 1000 * 1000000)", TIMESTAMP)


_ZONED = re.compile(r"(.*?)\s*(?:z{1,4}|Z{1,2})", re.DOTALL)
_ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "UT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8,
    "PDT": -7,
}  # fmt: skip
_AT_END = text(r"\s*([A-Za-z]+|[+-][0-9]{2}:?[0-9]{2})$")


def _parse_datetime(call: Call) -> BoundExpression:
    """Text as a timestamp, by a literal Joda format; a time zone may end it, and without one it is UTC."""
    given, pattern = call.take(VARCHAR, VARCHAR)
    if not isinstance(pattern.value, str):
        raise call.lacks(f"{call.name} with a format that is no literal")
    zoned = _ZONED.fullmatch(pattern.value)
    form = text(_joda(call, zoned[1] if zoned else pattern.value))
    if zoned is None:
        return BoundExpression(f"(epoch_us(strptime({given.sql}, {form})) * 1000)", TIMESTAMP)
    local = f"regexp_replace({given.sql}, {_AT_END}, '')"
    sql = f"(epoch_us(strptime({local}, {form})) * 1000 - {_zone_offset(given.sql)})"
    return BoundExpression(sql, TIMESTAMP)


def _zone_offset(sql: str) -> str:
    """The SQL of the nanoseconds by which the zone at the end of a text is ahead of UTC."""
    zone = f"regexp_extract({sql}, {_AT_END}, 1)"
    names = " ".join(f"WHEN '{name}' THEN {hours * timestamps.HOUR}" for name, hours in _ZONES.items())
    length = (
        f"TRY_CAST(substr({zone}, 2, 2) AS BIGINT) * {timestamps.HOUR}"
        f" + TRY_CAST(right({zone}, 2) AS BIGINT) * {timestamps.MINUTE}"
    )
    return (
        f"(CASE left({zone}, 1) WHEN '+' THEN {length} WHEN '-' THEN -({length})"
        f" ELSE CASE upper({zone}) {names} ELSE error('Invalid format, or unknown time zone: ' || {sql}) END END)"
    )


def _to_iso8601(call: Call) -> BoundExpression:
    """A date or timestamp in ISO 8601, a timestamp with all digits of its dialect."""
    arguments = call.arguments()
    if len(arguments) == 1 and arguments[0].type is DATE:
        return BoundExpression(f"CAST({arguments[0].sql} AS VARCHAR)", VARCHAR)
    (moment,) = call.take(TIMESTAMP)
    fraction = "%n" if call.binder.dialect.timestamp_digits == 9 else "%g"
    zone = "Z" if arguments[0].type is TIMESTAMP_TZ else ""
    shown = f"strftime(make_timestamp_ns({moment.sql}), '%Y-%m-%dT%H:%M:%S.{fraction}{zone}')"
    return BoundExpression(shown, VARCHAR)


def _from_iso_timestamp(call: Call) -> BoundExpression:
    (given,) = call.take(VARCHAR)
    if isinstance(given.value, str):
        nanoseconds = _iso_nanoseconds(given.value)
        if nanoseconds is None:
            raise call.refuse(f"Invalid ISO 8601 timestamp: {given.value}")
        return BoundExpression(f"CAST({nanoseconds} AS BIGINT)", TIMESTAMP)
    pattern = text(f"^{_ISO.pattern}$")
    day, minute, second, fraction, zone = (
        f"regexp_extract({given.sql}, {pattern}, {i})" for i in range(1, 6)
    )
    clock = f"CASE {minute} WHEN '' THEN '00:00' ELSE {minute} END, ':', lpad({second}, 2, '0')"
    local = f"concat({day}, ' ', {clock}, '.', rpad({fraction}, 9, '0'))"
    offset = f"CASE WHEN {zone} = '' THEN 0 ELSE {_zone_offset(given.sql)} END"
    moment = f"epoch_ns(CAST({local} AS TIMESTAMP_NS)) - {offset}"
    return BoundExpression(_where_it_fits(given.sql, pattern, moment), TIMESTAMP)


def _where_it_fits(given: str, pattern: str, read: str) -> str:
    """The SQL of what is read from a text of some form; text of another form fails."""
    failed = f"error('Invalid format: ' || {given})"
    return (
        f"(CASE WHEN {given} IS NULL THEN NULL WHEN NOT regexp_matches({given}, {pattern}) THEN {failed}"
        f" ELSE {read} END)"
    )


def _iso_nanoseconds(spelled: str) -> int | None:
    match = _ISO.fullmatch(spelled)
    if match is None:
        return None
    day, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}{zone or 'Z'}")
    except ValueError:
        return None
    seconds = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    return seconds * timestamps.SECOND + timestamps.fraction(fraction)


def _from_iso_date(call: Call) -> BoundExpression:
    (given,) = call.take(VARCHAR)
    form = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    if not isinstance(given.value, str):
        return BoundExpression(
            _where_it_fits(given.sql, text(f"^{form}$"), f"CAST({given.sql} AS DATE)"), DATE
        )
    moment = timestamps.timestamp(given.value) if re.fullmatch(form, given.value) else None
    if moment is None:
        raise call.refuse(f"Invalid ISO 8601 date: {given.value}")
    return BoundExpression(f"(DATE '1970-01-01' + CAST({moment // timestamps.DAY} AS INTEGER))", DATE)


FUNCTIONS: Mapping[str, Function] = {
    "date_format": _formatter(_mysql),
    "format_datetime": _formatter(_joda),
    "from_iso8601_timestamp": _from_iso_timestamp,
    "from_iso8601_date": _from_iso_date,
    "date_parse": _date_parse,
    "parse_datetime": _parse_datetime,
    "to_iso8601": _to_iso8601,
}
