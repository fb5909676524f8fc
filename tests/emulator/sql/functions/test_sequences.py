"""SEQUENCE, against Python's ranges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, many, one


@many
@given(start=st.integers(-20, 20), stop=st.integers(-20, 20), step=st.integers(-5, 5).filter(bool))
def test_numbers(ask: Ask, start: int, stop: int, step: int) -> None:
    """Numbers go up or down to the stop, by one or by a step towards it."""
    towards = 1 if start <= stop else -1
    assert one(ask, f"sequence({start}, {stop})") == list(range(start, stop + towards, towards))
    if (stop - start) * step >= 0:
        wanted = list(range(start, stop + (1 if step > 0 else -1), step))
        assert ask(f"SELECT sequence({start}, {stop}, s) FROM (VALUES {step}) AS t(s)").rows == [[wanted]]


def test_times(ask: Ask) -> None:
    """Dates go by days, timestamps by any interval, and texts of timestamps are read as such."""
    days = ask(
        "SELECT sequence(DATE '2024-02-28', DATE '2024-03-01'), sequence(DATE '2024-01-03', DATE '2024-01-01', -2d)"
    )
    assert days.rows == [[["2024-02-28", "2024-02-29", "2024-03-01"], ["2024-01-03", "2024-01-01"]]]
    moments = one(ask, "sequence('2024-01-01 00:00:00', '2024-01-01 00:00:01', 500ms)")
    assert moments == [f"2024-01-01 00:00:0{second}00000000" for second in ("0.0", "0.5", "1.0")]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("sequence(1, 5, -1)", "sequence stop value should be greater than or equal to start value"),
        ("sequence(1, 5, 0)", "sequence stop value should be greater than or equal to start value"),
        ("sequence(1, 20000)", "must not have more than 10000 entries"),
        ("sequence(DATE '2024-01-01', DATE '2024-01-03', 5h)", "must be a day interval"),
        ("sequence(DATE '2024-01-01', DATE '2024-01-03', 1)", "Unexpected parameters (date, date, integer)"),
        ("sequence(now(), now(), 1month)", "does not have sequence with a step of months"),
        ("sequence(1)", "Unexpected parameters (integer)"),
    ],
)
def test_refused(ask: Ask, call: str, says: str) -> None:
    """A step away from the stop, too many elements, and other types are refused."""
    with pytest.raises(SqlError) as refusal:
        one(ask, call)
    assert says in refusal.value.message
