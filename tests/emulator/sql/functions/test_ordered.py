"""The largest and smallest values, one and several."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, many, one

_NUMBERS = st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=1, max_size=8)


@many
@given(numbers=_NUMBERS, count=st.integers(1, 5))
def test_several(ask: Ask, numbers: list[int | None], count: int) -> None:
    """max(x, n) and min(x, n) sort from the extreme on, max_by and min_by give what stands beside; no NULL is any."""
    rows = ", ".join(f"({'CAST(NULL AS INTEGER)' if n is None else n}, 'v{n}')" for n in numbers)
    found = ask(
        f"SELECT max(x, {count}), min(x, {count}), max_by(y, x, {count}), min_by(y, x, {count})"
        f" FROM (VALUES {rows}) AS t(x, y)"
    ).rows[0]
    known = sorted(n for n in numbers if n is not None)
    largest, smallest = known[::-1][:count], known[:count]
    wanted = [largest, smallest, [f"v{n}" for n in largest], [f"v{n}" for n in smallest]]
    assert found == (wanted if known else [None] * 4)


def test_booleans(ask: Ask) -> None:
    """Truth values have an order too."""
    assert ask("SELECT max(x > 1), min(x > 1) FROM (VALUES 1, 2) AS t(x)").rows == [[True, False]]


@pytest.mark.parametrize("call", ["max(x, 0)", "min_by(x, x, 10001)", "max(x, x)", "max(ARRAY[x])"])
def test_refused(ask: Ask, call: str) -> None:
    """The number of values is a literal within AWS's bounds, and arrays have no order."""
    with pytest.raises(SqlError, match=r"must be positive|must be a positive|Unexpected parameters"):
        one(ask, f"{call} FROM (VALUES 1) AS t(x)")
