"""Date and time functions against Python's calendar."""

import calendar
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.sql_expected import stamp
from tests.support.sql_fleet import Ask, many, one

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENTS = st.integers(0, 2**63 - 2)
_NEAR = st.integers(946_684_800_000_000_000, 2_000_000_000_000_000_000)
_LENGTHS = {
    "second": 10**9,
    "minute": 60 * 10**9,
    "hour": 3600 * 10**9,
    "day": 86400 * 10**9,
    "week": 604_800 * 10**9,
}


@many
@given(moment_ns=_MOMENTS)
def test_timestamp_text(ask: Ask, moment_ns: int) -> None:
    """A timestamp has nine digits after the second, and the date before it is its own."""
    assert ask(f"SELECT from_nanoseconds({moment_ns}), date(from_nanoseconds({moment_ns}))").rows == [
        [stamp(moment_ns), stamp(moment_ns)[:10]]
    ]


@many
@given(first=_MOMENTS, second=_MOMENTS, unit=st.sampled_from(sorted(_LENGTHS)))
def test_date_diff(ask: Ask, first: int, second: int, unit: str) -> None:
    """date_diff counts whole units between two moments, cut toward zero."""
    length = _LENGTHS[unit]
    whole = abs(second - first) // length * (1 if second >= first else -1)
    assert one(ask, f"date_diff('{unit}', from_nanoseconds({first}), from_nanoseconds({second}))") == whole


def shifted(moment_ns: int, months: int) -> int:
    """A moment moved by months, on the month's last day where the day does not exist."""
    days, rest = divmod(moment_ns, 86400 * 10**9)
    day = date(1970, 1, 1) + timedelta(days)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return (date(year, month + 1, min(day.day, last)) - date(1970, 1, 1)).days * 86400 * 10**9 + rest


def whole_months(first: int, second: int) -> int:
    """The number of months that can be added to the earlier moment without passing the later one."""
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
@given(moment_ns=_NEAR, months=st.integers(-200, 200))
def test_adding_months(ask: Ask, moment_ns: int, months: int) -> None:
    """Adding months keeps the time to the nanosecond, and the day where the month has it."""
    assert one(ask, f"date_add('month', {months}, from_nanoseconds({moment_ns}))") == stamp(
        shifted(moment_ns, months)
    )


@many
@given(moment_ns=_NEAR)
def test_calendar_fields(ask: Ask, moment_ns: int) -> None:
    """Calendar fields are those of Python's calendar."""
    when = _EPOCH + timedelta(microseconds=moment_ns // 1000)
    iso = when.isocalendar()
    found = ask(
        "SELECT year(t), month(t), day(t), hour(t), minute(t), second(t), millisecond(t),"
        " dow(t), doy(t), week(t), yow(t)"
        f" FROM (VALUES (from_nanoseconds({moment_ns}))) AS v(t)"
    ).rows[0]
    assert found == [
        when.year, when.month, when.day, when.hour, when.minute, when.second, when.microsecond // 1000,
        when.isoweekday(), when.timetuple().tm_yday, iso.week, iso.year,
    ]  # fmt: skip


@many
@given(moment_ns=_NEAR)
def test_date_trunc(ask: Ask, moment_ns: int) -> None:
    """date_trunc goes back to the start of the unit; weeks start on Mondays."""
    day = date(1970, 1, 1) + timedelta(moment_ns // (86400 * 10**9))
    starts = {
        "day": day,
        "week": day - timedelta(day.weekday()),
        "month": day.replace(day=1),
        "quarter": date(day.year, (day.month - 1) // 3 * 3 + 1, 1),
        "year": date(day.year, 1, 1),
    }
    columns = [f"date_trunc('{unit}', from_nanoseconds({moment_ns}))" for unit in starts]
    found = ask(f"SELECT {', '.join(columns)}").rows[0]
    assert found == [f"{start.isoformat()} 00:00:00.000000000" for start in starts.values()]
