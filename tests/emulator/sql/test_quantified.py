"""Comparisons with all or any rows of a query."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, many, one

_SIGNS = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@many
@given(
    value=st.integers(0, 3),
    rows=st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=4),
    sign=st.sampled_from(sorted(_SIGNS)),
)
def test_quantifiers(ask: Ask, value: int, rows: list[int | None], sign: str) -> None:
    """ALL is an AND and ANY an OR over the rows, where a NULL is unknown and no rows are true and false."""
    listed = " UNION ALL ".join(f"SELECT {'CAST(NULL AS INTEGER)' if row is None else row}" for row in rows)
    query = f"SELECT * FROM ({listed})" if rows else "SELECT 1 WHERE false"
    each = [None if row is None else _SIGNS[sign](value, row) for row in rows]
    every = False if False in each else None if None in each else True
    some = True if True in each else None if None in each else False
    found = ask(
        f"SELECT {value} {sign} ALL ({query}), {value} {sign} ANY ({query}), {value} {sign} SOME ({query})"
    )
    assert found.rows[0] == [every, some, some]


def test_values_and_types(ask: Ask) -> None:
    """The rows may be VALUES, and of a type that the value is brought to."""
    assert ask("SELECT 11.5e0 = ANY (VALUES 12, 11), 2 <= ALL (VALUES 2e0, 3e0)").rows == [[False, True]]


def test_rows_in_a_query(ask: Ask) -> None:
    """A row may be among those of a query of as many columns."""
    query = "SELECT host, region FROM metrics.fleet"
    assert one(ask, f"('host-a', 'eu-west-1') IN ({query})") is True
    assert one(ask, f"('host-a', 'us-east-1') IN ({query})") is False


@pytest.mark.parametrize(
    "expression",
    [
        "1 = ANY (SELECT 1, 2)",
        "1 = ANY (SELECT 'a')",
        "ARRAY[1] = ALL (SELECT ARRAY[1])",
        "(1, 2) IN (SELECT 1, 2, 3)",
    ],
)
def test_refused(ask: Ask, expression: str) -> None:
    """A query of other columns or types cannot be compared with."""
    with pytest.raises(SqlError, match="Cannot apply operator"):
        one(ask, expression)
