"""The lake's names and views, which DuckDB runs here in Trino's place."""

import base64
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from handlers import lake
from handlers.domain.dimensions import read_dimensions
from handlers.domain.exports.columns import column_name

Row = tuple[str, str, int, int, str, int]
"""event_hour, series, time_ns, version, request, index."""


def _columns(dimensions: Sequence[str]) -> Mapping[str, str]:
    return {name: column_name(lake.POINTS, name) for name in dimensions}


def _tables(dimensions: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
    """Empty tables as the catalog has them."""
    versions = 'series VARCHAR, time_ns BIGINT, version BIGINT, request VARCHAR, "index" INTEGER'
    point = "metric_name VARCHAR, metric_type VARCHAR, time_ns BIGINT, value DOUBLE"
    rest = 'version BIGINT, request VARCHAR, "index" INTEGER, dims MAP(VARCHAR, VARCHAR), event_hour VARCHAR'
    hours = "export_date VARCHAR, export_hour VARCHAR"
    own = "".join(f', "{column}" VARCHAR' for column in dimensions.values())
    database = duckdb.connect()
    for table in (lake.HOT, lake.LATE):
        database.execute(f"CREATE TABLE {table} (series VARCHAR, {point}, {rest})")
    database.execute(
        "CREATE TABLE metrics (metric_name VARCHAR, metric_type VARCHAR, time TIMESTAMP, value DOUBLE, "
        f"{versions}{own}, {hours})"
    )
    database.execute(f"CREATE TABLE replaced ({versions}, {hours})")
    return database


@cache
def _of_all_examples() -> duckdb.DuckDBPyConnection:
    return _tables(_columns(["host"]))


def _emptied() -> duckdb.DuckDBPyConnection:
    """Tables with a dimension, which all examples of a property share: making them takes longer than a query."""
    database = _of_all_examples()
    for table in (lake.HOT, lake.LATE, "metrics", lake.REPLACED):
        database.execute(f"DELETE FROM {table}")
    return database


@cache
def _in_duckdb(sql: str) -> str:
    return str(sqlglot.transpile(sql, "trino", "duckdb")[0])


def _run(database: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = database.execute(_in_duckdb(sql))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _put(database: duckdb.DuckDBPyConnection, table: str, row: Row, value: float) -> None:
    hour, series, time_ns, version, request, index = row
    if table in {lake.HOT, lake.LATE}:
        line = [series, "cpu", "system", time_ns, value, version, request, index, {"host": series}, hour]
        database.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", line)
        return
    own = {"series": series, "time_ns": time_ns, "version": version, "request": request, "index": index}
    own |= {"export_date": hour[:10], "export_hour": hour[11:]}
    if table == "metrics":
        own |= {"metric_name": "cpu", "metric_type": "system", "value": value, "host": series}
    names = ", ".join(f'"{name}"' for name in own)
    database.execute(
        f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(own))})", list(own.values())
    )


rows = st.tuples(
    st.sampled_from(["2026-11-25-20", "2026-11-25-21"]),
    st.sampled_from(["a", "b"]),
    st.integers(0, 1),
    st.integers(1, 2),
    st.sampled_from(["R=", "Q/"]),
    st.integers(0, 1),
)
places = st.sets(st.sampled_from([lake.HOT, lake.LATE, "metrics"]), min_size=1)


@given(st.dictionaries(rows, places, max_size=12), st.data())
def test_each_version_is_in_one_of_the_two_views(found: dict[Row, set[str]], data: st.DataObject) -> None:
    """The greatest version, request and index of a series and time is the point, wherever and how often it lies."""
    database = _emptied()
    winners: dict[tuple[str, str, int], Row] = {}
    for row in found:
        winners[row[:3]] = max(winners.get(row[:3], row), row)
    for row, tables in found.items():
        # What was compacted away lies in `replaced` alone, once it has lost.
        lost = row not in winners.values()
        kept = {lake.REPLACED} if lost and data.draw(st.booleans()) else tables
        for table in kept:
            _put(database, table, row, value=float(row[3]))
    names = ("event_hour", "series", "time_ns", "version", "request", "index")
    points = _run(database, lake.points_view(_columns(["host"])))
    lost_rows = _run(database, lake.superseded_view())
    assert sorted(tuple(point[name] for name in names) for point in points) == sorted(winners.values())
    assert sorted(tuple(row[name] for name in names) for row in lost_rows) == sorted(
        set(found) - set(winners.values())
    )
    assert all(point["value"] == point["version"] and point["host"] == point["series"] for point in points)


@pytest.mark.parametrize("table", [lake.HOT, lake.LATE, "metrics"])
def test_a_time_is_cut_to_its_millisecond(table: str) -> None:
    """The last nanosecond of an hour is not rounded into the next one."""
    database = _tables(_columns(["host"]))
    last_ns = 1_764_190_800_000_000_000 - 1
    _put(database, table, ("2025-11-26-20", "a", last_ns, 1, "R", 0), 1.0)
    [point] = _run(database, lake.points_view(_columns(["host"])))
    assert str(point["time"].replace(tzinfo=None)) == "2025-11-26 20:59:59.999000"
    assert point["time_ns"] == last_ns


DIMENSIONS = (
    "series",
    "Version",
    "request",
    "index",
    "time_ns",
    "event_hour",
    "dims",
    "place",
    "p",
    "a.b",
    "a-b",
    "p99",
    "n",
)


def test_a_dimension_may_be_called_like_a_column_of_ours() -> None:
    """Its column has another name then, and the views still run."""
    columns = _columns(DIMENSIONS)
    assert columns["Version"] == "export_version"
    assert columns["p99"] == "p99"
    database = _tables(columns)
    line = [
        "s",
        "cpu",
        "system",
        1,
        1.0,
        1,
        "R",
        0,
        {name: f"<{name}>" for name in DIMENSIONS},
        "1970-01-01-00",
    ]
    database.execute("INSERT INTO hot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", line)
    [point] = _run(database, lake.points_view(columns))
    assert {point[column] for column in columns.values()} == {f"<{name}>" for name in DIMENSIONS}
    assert list(point) == [name for name, _ in lake.points_columns(columns)]
    assert len(set(point)) == len(point)


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,20}", fullmatch=True))
def test_no_dimensions_column_is_one_of_ours(name: str) -> None:
    """Whatever a dimension may be called."""
    if isinstance(read_dimensions({name: "x"}, 250), tuple):
        assert column_name(lake.POINTS, name) not in {*lake.TAKEN, "export_place"}


def test_a_view_of_the_largest_budget_fits_into_the_catalog() -> None:
    """With 300 of the names that have the longest columns it is below the 409,600 bytes that Glue takes."""
    names = sorted(f"x{'-' * 56}{number:03}" for number in range(300))
    assert all(isinstance(read_dimensions({name: "x"}, 300), tuple) for name in names)
    columns = _columns(names)
    text = lake.presto_view(lake.points_view(columns), lake.points_columns(columns), "metrics_lake")
    assert len(text) < 409_600


def test_the_catalog_has_a_view_in_athenas_form() -> None:
    """A comment with base64 of JSON: the statement, the columns with SQL's types, and where its tables are."""
    text = lake.presto_view("SELECT 1 AS x", [("x", "integer")], "metrics_lake")
    assert text.startswith("/* Presto View: ")
    encoded = text.removeprefix("/* Presto View: ").removesuffix(" */")
    assert json.loads(base64.b64decode(encoded)) == {
        "originalSql": "SELECT 1 AS x",
        "catalog": "awsdatacatalog",
        "schema": "metrics_lake",
        "columns": [{"name": "x", "type": "integer"}],
    }


def test_the_catalogs_words_for_types_are_hives() -> None:
    """Glue has no varchar without a length, no integer, and timestamps without a precision."""
    kinds = dict(lake.catalog_columns(lake.points_columns({})))
    assert set(kinds.values()) == {"string", "timestamp", "bigint", "double", "int"}
