"""The circumstances of a query: its columns, its moment, limits, rows that come when asked for, and closed doors."""

import tracemalloc
from pathlib import Path

import duckdb
import pytest

from emulator import sql
from emulator.sql import InvalidQueryError
from tests.support.sql_fleet import NOW, Ask, Tables


def test_columns_of_every_scalar_type(ask: Ask) -> None:
    """Columns without a name are called by their position, and every scalar type has its own name."""
    answer = ask(
        "SELECT 'a' AS \"Text\", 1, 3000000000, 1e0, true, time, date(time), current_time, 1d, 1month, null, 1.5"
        " FROM metrics.fleet LIMIT 1"
    )
    assert answer.names == [
        "Text",
        "_col1",
        "_col2",
        "_col3",
        "_col4",
        "time",
        *(f"_col{i}" for i in range(6, 12)),
    ]
    assert answer.types == [
        "VARCHAR", "INTEGER", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP", "DATE", "TIME",
        "INTERVAL_DAY_TO_SECOND", "INTERVAL_YEAR_TO_MONTH", "UNKNOWN", "DOUBLE",
    ]  # fmt: skip


def test_arrays(ask: Ask) -> None:
    """An array's column says what it holds, and its NULLs are NULLs."""
    answer = ask("SELECT array_agg(x ORDER BY x DESC) FROM (VALUES 1, null, 3) AS t(x)")
    assert answer.types == [{"ArrayColumnInfo": {"Type": {"ScalarType": "INTEGER"}}}]
    assert answer.rows == [[[3, 1, None]]]


def test_now_is_the_same_everywhere_and_not_kept(ask: Ask) -> None:
    """Every now() of a query is the query's own moment; the next run of the same text has its own."""
    query = "SELECT now() = current_timestamp, ago(1s) < now(), now() FROM (VALUES 1) AS t(x)"
    assert ask(query, NOW).rows == [[True, True, "2023-11-14 22:20:00.123456789"]]
    assert ask(query, NOW + 1).rows == [[True, True, "2023-11-14 22:20:00.123456790"]]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT '" + "x" * 262_144 + "'",
        "SELECT " + "(" * 500 + "1" + ")" * 500,
        "SELECT " + "-" * 5 + "1" + " + 1" * 20_000,
        "SELECT " + "case when true then " * 300 + "1" + " end" * 300,
        "SELECT '\0'",
        "SELECT '\ud800'",
    ],
    ids=["too long", "parentheses", "additions", "cases", "NUL", "surrogate"],
)
def test_hostile_sizes(query: str, ask: Ask) -> None:
    """Too long, too deep or unreadable text is refused, and the server stays up."""
    with pytest.raises(InvalidQueryError):
        ask(query)
    assert ask("SELECT 1").rows == [[1]]


def test_long_conditions(ask: Ask) -> None:
    """Hundreds of operands and of IN values are ordinary."""
    hosts = ", ".join(f"'host-{i}'" for i in range(2000))
    anded = " AND ".join(f"requests <> {-i - 1}" for i in range(500))
    assert ask(f"SELECT count(*) FROM metrics.fleet WHERE host IN ({hosts}) AND {anded}").rows == [[0]]


def test_a_quote_stays_a_quote(ask: Ask) -> None:
    """Quotes in strings and names end nothing in the SQL that DuckDB runs."""
    assert ask("SELECT 'a'';--' AS \"x\"\"; DROP TABLE fleet; --\"").rows == [["a';--"]]
    assert ask("SELECT host FROM metrics.fleet WHERE host = 'x'' OR 1=1 --'").rows == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY (SELECT 1) TO '/tmp/should-not-exist.csv'",
        "ATTACH '/tmp/should-not-exist.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ],
)
def test_the_engine_has_no_way_out(statement: str, database: duckdb.DuckDBPyConnection) -> None:
    """Even SQL of DuckDB's own reaches no file, network or extension: the translation is not the only wall."""
    with database.cursor() as cursor, pytest.raises(duckdb.Error):
        cursor.execute(statement).fetchall()
    assert not Path("/tmp/should-not-exist.csv").exists()


def test_many_columns(ask: Ask) -> None:
    """A row may have as many columns as a table can."""
    assert ask(f"SELECT {', '.join(map(str, range(1200)))}").rows == [list(range(1200))]


def test_rows_come_as_they_are_asked_for(database: duckdb.DuckDBPyConnection) -> None:
    """The first rows of a large result are there at once, and memory does not grow with the rest."""
    query = (
        "SELECT a.x * 10000 + b.x AS n FROM UNNEST(SEQUENCE(0, 9999)) AS a(x)"
        " CROSS JOIN UNNEST(SEQUENCE(0, 99)) AS b(x)"
    )
    with database.cursor() as cursor:
        rows = sql.run(Tables(), cursor, query, NOW).rows
        first = next(rows)
        tracemalloc.start()
        count = len(first) + sum(len(batch) for batch in rows)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert count == 1_000_000
    assert peak < 5_000_000
