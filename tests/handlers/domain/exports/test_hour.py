"""Hours as values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.exports.hour import Hour, complete_at_s, due_hour, hours_between

MOMENTS = st.integers(0, 4_000_000_000)


@given(MOMENTS)
def test_a_moment_lies_in_exactly_one_hour(moment: int) -> None:
    """Every moment is at or after the start of its hour and before its end, and the next hour begins there."""
    hour = Hour.containing(moment)
    assert hour.start_s <= moment < hour.end_s
    assert hour.plus(1).start_s == hour.end_s
    assert Hour.containing(hour.end_s) == hour.plus(1)


@given(MOMENTS)
def test_an_hour_survives_its_text(moment: int) -> None:
    """An hour's text names it again, and sorts as the hour does."""
    hour = Hour.containing(moment)
    assert Hour.parse(str(hour)) == hour
    assert str(hour) < str(hour.plus(1))
    assert f"{hour.date}T{hour.of_day}" == str(hour)


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_a_time_in_nanoseconds_has_its_hour(time_ns: int) -> None:
    """A point belongs to the hour its time lies in, to the nanosecond."""
    [hour] = Hour.of_times_ns([time_ns])
    assert hour.start_s * 10**9 <= time_ns < hour.end_s * 10**9


@pytest.mark.parametrize(
    "text", ["", "2026-11-22", "2026-11-22T24", "2026-02-30T01", "2026-11-22T02:00", "２０26-11-22T02", "x"]
)
def test_other_texts_are_no_hours(text: str) -> None:
    """A text that names no hour is refused."""
    with pytest.raises(ValueError, match="hour"):
        Hour.parse(text)


@given(MOMENTS.filter(lambda moment: moment > 100_000), st.integers(0, 360))
def test_the_due_hour_is_the_newest_complete_one(scheduled: int, lag_minutes: int) -> None:
    """At a scheduled time the due hour has been over for the lag, and the hour after it has not."""
    lag = lag_minutes * 60
    due = due_hour(scheduled, lag)
    assert complete_at_s(due, lag) <= scheduled < complete_at_s(due.plus(1), lag)


def test_a_range_holds_both_ends() -> None:
    """From an hour to an hour is every hour between, with both."""
    first = Hour.parse("2026-11-21T23")
    assert [str(hour) for hour in hours_between(first, first.plus(2))] == [
        "2026-11-21T23",
        "2026-11-22T00",
        "2026-11-22T01",
    ]
    assert list(hours_between(first, first.plus(-1))) == []
