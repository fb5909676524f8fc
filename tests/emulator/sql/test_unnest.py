"""UNNEST, alone and beside the rows that its lists are columns of."""

from typing import Any

import duckdb
import pytest

from emulator import sql
from emulator.sql import SqlError
from emulator.timestream.dialect import TIMESTREAM
from tests.support.sql_fleet import NOW, Ask, Row, Tables

_ROW = "CAST(ROW(1, 'x') AS ROW(a BIGINT, b VARCHAR))"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (f"SELECT * FROM UNNEST(ARRAY[{_ROW}, NULL])", [[1, "x"], [None, None]]),
        (
            "SELECT a, b, n FROM UNNEST(ARRAY[1, 2], ARRAY['x']) WITH ORDINALITY AS t(a, b, n)",
            [[1, "x", 1], [2, None, 2]],
        ),
        (
            "SELECT x, y FROM (VALUES (1, ARRAY[5, 6]), (2, NULL), (3, ARRAY[7])) AS t(x, a) CROSS JOIN UNNEST(a) t(y)",
            [[1, 5], [1, 6], [3, 7]],
        ),
        (
            "SELECT x, y FROM (VALUES (1, ARRAY[5]), (2, NULL)) t(x, a) LEFT JOIN UNNEST(a) AS u(y) ON true ORDER BY 1",
            [[1, 5], [2, None]],
        ),
        ("SELECT t.x, y FROM (VALUES (1, ARRAY[5])) AS t(x, a), UNNEST(t.a) AS u(y)", [[1, 5]]),
        (
            "SELECT x, z, y FROM (VALUES (1, ARRAY[5])) AS t(x, a), (VALUES 8) AS v(z) CROSS JOIN UNNEST(a) AS u(y)",
            [[1, 8, 5]],
        ),
        (
            (
                "SELECT y, z FROM (VALUES (ARRAY[1, 2], ARRAY['a', 'b'])) AS t(a, b) CROSS JOIN UNNEST(a) AS u(y)"
                " CROSS JOIN UNNEST(b) AS v(z) WHERE z <> 'a'"
            ),
            [[1, "b"], [2, "b"]],
        ),
        (
            "SELECT x, (SELECT sum(y) FROM UNNEST(a) AS u(y)) FROM (VALUES (1, ARRAY[5, 6])) AS t(x, a)",
            [[1, 11]],
        ),
    ],
)
def test_rows_of_lists(ask: Ask, query: str, wanted: list[list[Any]]) -> None:
    """Elements are rows, fields of rows are columns, and several lists end with the longest, in order."""
    assert ask(query).rows == wanted


def test_columns_of_a_table_stay_what_they_are(
    ask: Ask, rows: list[Row], database: duckdb.DuckDBPyConnection
) -> None:
    """Beside an UNNEST a table's columns are selected, named and compared as without it."""
    query = (
        "SELECT f.host, f.time, n FROM metrics.fleet f CROSS JOIN UNNEST(ARRAY[1, 2]) AS t(n)"
        " WHERE time >= from_nanoseconds(1700000390000000000) AND n = 2 ORDER BY time"
    )
    kept = [row for row in rows if row["time"] >= 1_700_000_390_000_000_000]
    assert [row[0] for row in ask(query).rows] == [
        row["host"] for row in sorted(kept, key=lambda row: row["time"])
    ]
    with database.cursor() as cursor:
        starred = sql.run(Tables(), cursor, query.replace("f.host, f.time, n", "*"), NOW, TIMESTREAM)
    assert [column["Name"] for column in starred.columns][-2:] == ["measure_value::double", "n"]


def test_long_series_side_by_side(ask: Ask) -> None:
    """Two long lists of a row are joined by their elements without a copy of one for each element of the other."""
    lists = "(VALUES (sequence(1, 9000), sequence(1, 9000))) AS t(a, b)"
    found = ask(
        f"SELECT count(*), max(y) FROM {lists} CROSS JOIN UNNEST(a) AS u(x) CROSS JOIN UNNEST(b) AS v(y) WHERE x = y"
    )
    assert found.rows == [[9000, 9000]]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT * FROM UNNEST(1)", "Cannot unnest type: integer"),
        ("SELECT * FROM UNNEST(ARRAY[1]) AS t(a, b)", "Column alias list has 2 entries, not 1"),
        (
            "SELECT * FROM (VALUES 1) AS t(x) JOIN UNNEST(ARRAY[1]) AS u(y) ON x = y",
            "does not have UNNEST in a join",
        ),
    ],
)
def test_refused(ask: Ask, query: str, says: str) -> None:
    """What is no list, and names for other columns, are refused."""
    with pytest.raises(SqlError) as refusal:
        ask(query)
    assert says in refusal.value.message
