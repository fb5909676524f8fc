"""Rules that hold for every input, against plain Python."""

import calendar
import json
import math
import struct
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator import sql
from tests.support.sql_expected import stamp
from tests.support.sql_fleet import NOW, Ask, Tables

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENTS = st.integers(0, 2**63 - 2)
_NEAR = st.integers(946_684_800_000_000_000, 2_000_000_000_000_000_000)
_UNITS = {
    "ns": 1,
    "us": 1000,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,
}
many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def one(ask: Ask, expression: str) -> object:
    """The one value of an expression."""
    return ask(f"SELECT {expression}").rows[0][0]


@many
@given(moment=_MOMENTS, width=st.integers(1, 5000), unit=st.sampled_from(sorted(_UNITS)))
def test_bin(ask: Ask, moment: int, width: int, unit: str) -> None:
    """bin is integer division by the width, from 1970, for every unit."""
    step = width * _UNITS[unit]
    assert one(ask, f"bin(from_nanoseconds({moment}), {width}{unit})") == stamp(moment // step * step)


@many
@given(moment=_MOMENTS)
def test_timestamp_text(ask: Ask, moment: int) -> None:
    """A timestamp has nine digits after the second, and the date before it is its own."""
    assert ask(f"SELECT from_nanoseconds({moment}), date(from_nanoseconds({moment}))").rows == [
        [stamp(moment), stamp(moment)[:10]]
    ]


@many
@given(first=_MOMENTS, second=_MOMENTS, unit=st.sampled_from(["second", "minute", "hour", "day", "week"]))
def test_date_diff(ask: Ask, first: int, second: int, unit: str) -> None:
    """date_diff counts whole units between two moments, cut toward zero."""
    length = 604_800 * 10**9 if unit == "week" else _UNITS[unit[0]]
    whole = abs(second - first) // length * (1 if second >= first else -1)
    assert one(ask, f"date_diff('{unit}', from_nanoseconds({first}), from_nanoseconds({second}))") == whole


def shifted(moment: int, months: int) -> int:
    """A moment moved by months, on the month's last day where the day does not exist."""
    days, rest = divmod(moment, 86400 * 10**9)
    day = date(1970, 1, 1) + timedelta(days)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return (date(year, month + 1, min(day.day, last)) - date(1970, 1, 1)).days * 86400 * 10**9 + rest


def whole_months(first: int, second: int) -> int:
    """Return how many months can be added to the earlier moment without passing the later one."""
    low, high = sorted((first, second))
    count = 0
    while shifted(low, count + 1) <= high:
        count += 1
    return count if second >= first else -count


@many
@given(first=_NEAR, second=_NEAR)
def test_date_diff_of_months(ask: Ask, first: int, second: int) -> None:
    """A month is over when the same day and time of the next one, or its last day, is reached."""
    found = one(ask, f"date_diff('month', from_nanoseconds({first}), from_nanoseconds({second}))")
    assert found == whole_months(first, second)


@pytest.mark.parametrize("nudge", [-1, 0, 1])
def test_date_diff_of_months_at_the_boundary(ask: Ask, nudge: int) -> None:
    """One nanosecond decides whether a month is over."""
    first = 1_579_788_000_000_000_500
    second = shifted(first, 5) + nudge
    found = ask(
        f"SELECT date_diff('month', from_nanoseconds({first}), from_nanoseconds({second})),"
        f" date_diff('month', from_nanoseconds({second}), from_nanoseconds({first}))"
    ).rows[0]
    assert found == [whole_months(first, second), whole_months(second, first)]


@many
@given(moment=_NEAR, months=st.integers(-200, 200))
def test_adding_months(ask: Ask, moment: int, months: int) -> None:
    """Adding months keeps the time to the nanosecond, and the day where the month has it."""
    assert one(ask, f"date_add('month', {months}, from_nanoseconds({moment}))") == stamp(
        shifted(moment, months)
    )


@many
@given(moment=_NEAR)
def test_calendar_fields(ask: Ask, moment: int) -> None:
    """Calendar fields are those of Python's calendar."""
    when = _EPOCH + timedelta(microseconds=moment // 1000)
    iso = when.isocalendar()
    found = ask(
        "SELECT year(t), month(t), day(t), hour(t), minute(t), second(t), millisecond(t),"
        " dow(t), doy(t), week(t), yow(t)"
        f" FROM (VALUES (from_nanoseconds({moment}))) AS v(t)"
    ).rows[0]
    assert found == [
        when.year, when.month, when.day, when.hour, when.minute, when.second, when.microsecond // 1000,
        when.isoweekday(), when.timetuple().tm_yday, iso.week, iso.year,
    ]  # fmt: skip


@many
@given(moment=_NEAR)
def test_date_trunc(ask: Ask, moment: int) -> None:
    """date_trunc goes back to the start of the unit; weeks start on Mondays."""
    day = date(1970, 1, 1) + timedelta(moment // (86400 * 10**9))
    starts = {
        "day": day,
        "week": day - timedelta(day.weekday()),
        "month": day.replace(day=1),
        "quarter": date(day.year, (day.month - 1) // 3 * 3 + 1, 1),
        "year": date(day.year, 1, 1),
    }
    columns = [f"date_trunc('{unit}', from_nanoseconds({moment}))" for unit in starts]
    found = ask(f"SELECT {', '.join(columns)}").rows[0]
    assert found == [f"{start.isoformat()} 00:00:00.000000000" for start in starts.values()]


@many
@given(number=st.floats(-1e15, 1e15, allow_nan=False))
def test_double_to_whole(ask: Ask, number: float) -> None:
    """A cast of a double to a whole number rounds half a unit away from zero."""
    nearest = int(Decimal(number).quantize(Decimal(1), ROUND_HALF_UP))
    assert one(ask, f"cast({_double(number)} as bigint)") == nearest


def java(number: float) -> str:
    """A double's text by the rules of Java's Double.toString, with the fewest digits."""
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        plain = format(Decimal(repr(number)), "f")
        return plain if "." in plain else plain + ".0"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    rest = "".join(map(str, digits[1:])) or "0"
    return f"{'-' if sign else ''}{digits[0]}.{rest}E{int(exponent) + len(digits) - 1}"


@many
@given(bits=st.integers(0, 2**64 - 1))
def test_double_text(ask: Ask, bits: int) -> None:
    """A double's text is Java's, and reads back as the same double."""
    number = struct.unpack("<d", struct.pack("<Q", bits))[0]
    if not math.isfinite(number):
        return
    found = ask(f"SELECT cast(x as varchar) FROM (VALUES ({_double(number)})) AS t(x)").rows[0][0]
    assert found == java(number)
    assert float(found) == number


@many
@given(bits=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4))
def test_doubles_in_rows(database: duckdb.DuckDBPyConnection, bits: list[int]) -> None:
    """A double in a row, or in an array in it, is spelled as its cast is."""
    numbers = [struct.unpack("<d", struct.pack("<Q", one))[0] for one in bits]
    numbers = [number for number in numbers if math.isfinite(number)] or [1e-5]
    listed = ", ".join(map(_double, numbers))
    with database.cursor() as cursor:
        rows = sql.run(Tables(), cursor, f"SELECT {listed}, ARRAY[{listed}], chr(0)", NOW).rows
        *found, array, nul = json.loads(next(rows)[0])["Data"]
    spelled = [{"ScalarValue": java(number)} for number in numbers]
    assert (found, array, nul) == (spelled, {"ArrayValue": spelled}, {"ScalarValue": "\0"})


def _double(number: float) -> str:
    spelled = repr(abs(number))
    spelled = spelled if "e" in spelled else f"{spelled}e0"
    return f"-{spelled}" if math.copysign(1, number) < 0 else spelled


@many
@given(
    word=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    start=st.integers(-8, 8),
    length=st.integers(-2, 8),
)
def test_substr(ask: Ask, word: str, start: int, length: int) -> None:
    """substr counts code points from 1, or back from the end; position 0 and beyond the start are empty."""
    begin = start - 1 if start > 0 else len(word) + start
    expected = "" if start == 0 or begin < 0 else word[begin : begin + max(length, 0)]
    quoted = word.replace("'", "''")
    assert ask(f"SELECT substr('{quoted}', {start}, {length}), '{quoted}', length('{quoted}')").rows == [
        [expected, word, len(word)]
    ]


@many
@given(dividend=st.integers(-(2**62), 2**62), divisor=st.integers(-1000, 1000).filter(bool))
def test_whole_division(ask: Ask, dividend: int, divisor: int) -> None:
    """Whole numbers divide toward zero, and the remainder has the dividend's sign."""
    quotient = abs(dividend) // abs(divisor) * (1 if (dividend < 0) == (divisor < 0) else -1)
    assert ask(f"SELECT ({dividend}) / ({divisor}), ({dividend}) % ({divisor})").rows == [
        [quotient, dividend - quotient * divisor]
    ]


@many
@given(dividend=st.floats(-1e6, 1e6), divisor=st.floats(-1e3, 1e3).filter(bool))
def test_remainder_of_doubles(ask: Ask, dividend: float, divisor: float) -> None:
    """The remainder of doubles has the dividend's sign, for % and mod alike."""
    found = ask(f"SELECT x % y, mod(x, y) FROM (VALUES ({_double(dividend)}, {_double(divisor)})) AS t(x, y)")
    assert found.rows == [[math.fmod(dividend, divisor)] * 2]


@many
@given(number=st.floats(-1e9, 1e9, allow_nan=False), places=st.integers(0, 5))
def test_round(ask: Ask, number: float, places: int) -> None:
    """round scales, rounds half a unit away from zero, and scales back."""
    scaled = abs(number) * 10.0**places
    rounded = math.floor(scaled) + (scaled - math.floor(scaled) >= 0.5)
    expected = math.copysign(rounded / 10.0**places, number)
    assert one(ask, f"round({_double(number)}, {places})") == expected


@many
@given(values=st.lists(st.integers(-50, 50) | st.none(), min_size=1, max_size=12))
def test_order_and_window_over_nulls(ask: Ask, values: list[int | None]) -> None:
    """NULLs sort last in both directions, also inside a window."""
    listed = ", ".join(f"({'cast(null as bigint)' if v is None else v})" for v in values)
    source = f"FROM (VALUES {listed}) AS t(v)"
    known = sorted(v for v in values if v is not None)
    nulls = [None] * (len(values) - len(known))
    assert [r[0] for r in ask(f"SELECT v {source} ORDER BY v").rows] == [*known, *nulls]
    assert [r[0] for r in ask(f"SELECT v {source} ORDER BY v DESC").rows] == [*reversed(known), *nulls]
    ranked = ask(f"SELECT v, row_number() OVER (ORDER BY v DESC) AS place {source} ORDER BY place").rows
    assert [row[0] for row in ranked] == [*reversed(known), *nulls]


def test_json_is_plain(ask: Ask) -> None:
    """Every character of a string survives the rows' JSON."""
    word = "".join(chr(c) for c in (*range(1, 0x250), 0x2028, 0x2029, 0xFEFF, 0x1F600))
    quoted = word.replace("'", "''")
    assert ask(f"SELECT '{quoted}'").rows == [[word]]
