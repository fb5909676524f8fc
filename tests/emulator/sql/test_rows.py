"""Rows: their types, their fields, and casts to them."""

from typing import Any

import pytest

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, one

_NAMED = "CAST(ROW(1, 'x') AS ROW(a BIGINT, B VARCHAR))"


def test_row_in_a_result(ask: Ask) -> None:
    """A row is a RowValue, and its column's type has each field's name, where it has one."""
    answer = ask(f"SELECT ROW(1, NULL, ARRAY[2]), {_NAMED}")
    assert answer.rows == [[[1, None, [2]], [1, "x"]]]
    fields = [
        {"ScalarType": "INTEGER"},
        {"ScalarType": "UNKNOWN"},
        {"ArrayColumnInfo": {"Type": {"ScalarType": "INTEGER"}}},
    ]
    assert answer.types == [
        {"RowColumnInfo": [{"Type": kind} for kind in fields]},
        {
            "RowColumnInfo": [
                {"Name": "a", "Type": {"ScalarType": "BIGINT"}},
                {"Name": "B", "Type": {"ScalarType": "VARCHAR"}},
            ]
        },
    ]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (f"{_NAMED}.b", "x"),
        ("r.a", 1),
        ("t.r.B", "x"),
        ("typeof(r)", "row(a bigint, B varchar)"),
        ("typeof(ROW(1, 2e0))", "row(integer, double)"),
        ("coalesce(CAST(NULL AS ROW(a BIGINT)), ROW(7))", [7]),
        ("CASE WHEN r.a = 2 THEN r END", None),
        ("CAST(ARRAY[1, 2] AS ARRAY(VARCHAR))", ["1", "2"]),
        ("TRY_CAST(ARRAY['1', 'x'] AS ARRAY(BIGINT))", [1, None]),
        ("ARRAY[ROW(1, 2e0), ROW(3, 4)]", [[1, 2.0], [3, 4.0]]),
        ("ARRAY[DATE '2024-01-02', TIMESTAMP '2024-01-01 00:00:00.5'][1]", "2024-01-02 00:00:00.000000000"),
        ("coalesce(ARRAY[DATE '2024-01-02'], ARRAY[now()])", ["2024-01-02 00:00:00.000000000"]),
    ],
)
def test_fields_and_types(ask: Ask, expression: str, wanted: Any) -> None:
    """Fields are reached by name, in any case; rows and arrays meet part by part at common types."""
    assert ask(f"SELECT {expression} FROM (SELECT {_NAMED} AS r) AS t").rows[0][0] == wanted


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        (f"{_NAMED}.c", "Field 'c' of row(a bigint, B varchar) does not exist"),
        ("CAST(ROW(1, 2) AS ROW(a BIGINT, A BIGINT)).a", "is ambiguous"),
        ("ARRAY[1][1].a", "Expression of type integer has no field 'a'"),
        ("CAST(ROW(1, 2) AS ROW(a BIGINT))", "Cannot cast row(integer, integer) to row(a bigint)"),
        ("CAST(ARRAY[1] AS BIGINT)", "Cannot cast array(integer) to bigint"),
        ("ROW(1) + 1", "Cannot apply operator: row(integer) + integer"),
    ],
)
def test_refused(ask: Ask, expression: str, says: str) -> None:
    """A field that is not there, and a type that a row does not become, are refused."""
    with pytest.raises(SqlError) as refusal:
        one(ask, expression)
    assert says in refusal.value.message
