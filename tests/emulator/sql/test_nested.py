"""Comparisons of arrays and rows, against SQL's three-valued logic in plain Python."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, many, one

_ITEMS = st.lists(st.one_of(st.none(), st.integers(0, 2)), min_size=1, max_size=3)


def _sql(items: list[int | None]) -> str:
    return ", ".join("CAST(NULL AS INTEGER)" if item is None else str(item) for item in items)


def _equal(first: list[int | None], second: list[int | None]) -> bool | None:
    if len(first) != len(second):
        return False
    pairs = [None if None in pair else pair[0] == pair[1] for pair in zip(first, second, strict=True)]
    return False if False in pairs else None if None in pairs else True


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


@many
@given(first=_ITEMS, second=_ITEMS)
def test_arrays(ask: Ask, first: list[int | None], second: list[int | None]) -> None:
    """Arrays differ by length or by an element; a NULL makes it unknown unless something else differs."""
    found = ask(
        f"SELECT ARRAY[{_sql(first)}] = ARRAY[{_sql(second)}], ARRAY[{_sql(first)}] <> ARRAY[{_sql(second)}]"
    )
    assert found.rows[0] == [_equal(first, second), _not(_equal(first, second))]


@many
@given(pairs=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=3))
def test_rows(ask: Ask, pairs: list[tuple[int, int]]) -> None:
    """Rows are equal field by field, and ordered by the first field that differs."""
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    left, right = f"({_sql([*first])})", f"ROW({_sql([*second])})"
    found = ask(f"SELECT {left} = {right}, {left} < {right}, {left} >= {right}").rows[0]
    assert found == [first == second, first < second, first >= second]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("(1, CAST(NULL AS INTEGER)) = (1, 2)", None),
        ("(1, CAST(NULL AS INTEGER)) = (2, 2)", False),
        ("ARRAY[ROW(1, 2)] = ARRAY[ROW(1, 2e0)]", True),
        ("ARRAY[nan()] = ARRAY[nan()]", False),
        ("ARRAY[1] = CAST(NULL AS ARRAY(INTEGER))", None),
        ("(1, 'a') IN ((2, 'a'), (1, 'a'))", True),
    ],
)
def test_nulls_and_nan(ask: Ask, expression: str, wanted: Any) -> None:
    """What one part says of its whole is what SQL says of AND."""
    assert one(ask, expression) is wanted


@pytest.mark.parametrize(
    "expression", ["ARRAY[1] < ARRAY[2]", "(1, 2) = (1, 2, 3)", "(1, ARRAY[1]) < (1, ARRAY[2])"]
)
def test_refused(ask: Ask, expression: str) -> None:
    """Arrays have no order, and rows of other lengths cannot be compared."""
    with pytest.raises(SqlError, match="Cannot apply operator"):
        one(ask, expression)
