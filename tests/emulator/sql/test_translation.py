"""Translations: kept as long as their tables stay, and made so that DuckDB skips what it need not read."""

import json
from dataclasses import replace

import duckdb

from emulator import sql
from emulator.sql import Column, translate
from emulator.sql.timestamps import at
from emulator.timestream.dialect import TIMESTREAM
from tests.support.sql_fleet import NOW, Ask, Tables


def test_a_translation_ends_with_its_table(database: duckdb.DuckDBPyConnection, ask: Ask) -> None:
    """A column that comes later is seen by a text that ran before."""
    query = "SELECT * FROM metrics.fleet LIMIT 1"
    before = ask(query).names

    class Wider(Tables):
        info = replace(Tables.info, columns=(*Tables.info.columns, Column("cpu2", "DOUBLE", "MULTI", "cpu")))

    with database.cursor() as cursor:
        assert [c["Name"] for c in sql.run(Wider(), cursor, query, NOW).columns] == [*before, "cpu2"]
    assert ask(query).names == before


def test_time_predicates_reach_the_column(database: duckdb.DuckDBPyConnection) -> None:
    """A comparison of time with a moment filters the stored column itself, so that row groups can be skipped."""
    query = "SELECT cpu FROM metrics.fleet WHERE time BETWEEN ago(15m) AND ago(10m)"
    statement = at(translate(Tables(), query, TIMESTREAM).sql, NOW)
    with database.cursor() as cursor:
        plan = json.loads(cursor.execute(f"EXPLAIN (FORMAT json) {statement}").fetchall()[0][1])[0]
    while plan["children"]:
        plan = plan["children"][0]
    filters = str(plan["extra_info"]["Filters"])
    assert "time >= '2023-11-14 22:05:00.123456789'::TIMESTAMP_NS" in filters
    assert "time <= '2023-11-14 22:10:00.123456789'::TIMESTAMP_NS" in filters
