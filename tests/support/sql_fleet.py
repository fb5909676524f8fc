"""A small table of a fleet of hosts: its catalog, and its rows as plain Python and in DuckDB."""

import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import HealthCheck, settings

from emulator import sql
from emulator.sql import Column, InvalidQueryError, TableInfo
from emulator.timestream.schema import Measure

NOW = 1_700_000_400_123_456_789
"""2023-11-14 22:20:00.123456789"""
START = 1_699_999_200_000_000_000
"""2023-11-14 22:00:00"""
HOSTS = ("host-a", "host-b", "Host-C", 'we"ird\\é', "host-e")

Row = dict[str, Any]

_COLUMNS = (
    Column("host", "VARCHAR", "DIMENSION", "host"),
    Column("region", "VARCHAR", "DIMENSION", "region"),
    Column("Rack", "VARCHAR", "DIMENSION", "Rack"),
    Column("rack", "VARCHAR", "DIMENSION", "rack__2"),
    Column("measure_name", "VARCHAR", "MEASURE_NAME", "measure_name"),
    Column("time", "TIMESTAMP", "TIMESTAMP", "time", since_1970=True),
    Column("cpu", "DOUBLE", "MULTI", "cpu"),
    Column("requests", "BIGINT", "MULTI", "requests"),
    Column("healthy", "BOOLEAN", "MULTI", "healthy"),
    Column("note", "VARCHAR", "MULTI", "note"),
    Column("booted", "TIMESTAMP", "MULTI", "booted"),
    Column("measure_value::double", "DOUBLE", "MEASURE_VALUE", "measure_value::double"),
)
_SCHEMA = pa.schema(
    [
        pa.field(
            column.physical,
            {
                "VARCHAR": pa.string(),
                "TIMESTAMP": pa.timestamp("ns"),
                "DOUBLE": pa.float64(),
                "BIGINT": pa.int64(),
                "BOOLEAN": pa.bool_(),
            }[column.type],
        )
        for column in _COLUMNS
    ]
)


class Tables:
    """A catalog of one table."""

    info = TableInfo("metrics", "fleet", _COLUMNS, "fleet")

    def databases(self) -> Sequence[str]:
        """The one database."""
        return ["metrics"]

    def tables(self, database: str) -> Sequence[str]:
        """The one table."""
        if database != "metrics":
            raise InvalidQueryError(f"Requested database '{database}' not found")
        return ["fleet"]

    def table(self, database: str, table: str) -> TableInfo:
        """The one table."""
        if table not in self.tables(database):
            raise InvalidQueryError(f"Requested table '{table}' not found")
        return self.info

    def measures(self, database: str, table: str) -> Sequence[Measure]:
        """The measures of the one table."""
        self.table(database, table)
        return [Measure("status", "MULTI", ("host", "region")), Measure("temperature", "DOUBLE", ("host",))]


def fleet() -> list[Row]:
    """Twenty minutes of five hosts every ten seconds, with gaps, NULLs and nanoseconds."""
    chance = random.Random(20231114)
    rows = []
    for step in range(120):
        for index, host in enumerate(HOSTS):
            if chance.random() < 0.15 or (host == "host-b" and 40 <= step < 55):
                continue
            single = chance.random() < 0.1
            rows.append(
                {
                    "host": host,
                    "region": ("eu-west-1", "us-east-1")[index % 2],
                    "Rack": f"R{index}",
                    "rack": f"r{index}",
                    "measure_name": "temperature" if single else "status",
                    "time": START + step * 10_000_000_000 + index * 1_000_000 + (7 if index == 4 else 0),
                    "cpu": None if single else round(chance.uniform(0, 100), 3),
                    "requests": None if single else step * 10 + chance.randrange(10),
                    "healthy": None if single or chance.random() < 0.2 else chance.random() < 0.8,
                    "note": chance.choice([None, "", "ok", 'über, "quoted"\n', "a\\b"]),
                    "booted": START - index * 3_600_000_000_000 - 1,
                    "measure_value::double": chance.gauss(40, 10) if single else None,
                }
            )
    return rows


def fleet_database() -> duckdb.DuckDBPyConnection:
    """The table in DuckDB, prepared as the server prepares its own."""
    connection = duckdb.connect(config={"threads": 1})
    physical = [{c.physical: row[c.name] for c in _COLUMNS} for row in fleet()]
    fleet_table = pa.Table.from_pylist(physical, schema=_SCHEMA)
    connection.register("given", fleet_table)
    connection.execute("CREATE TABLE fleet AS SELECT * FROM given")
    connection.unregister("given")
    sql.prepare(connection)
    return connection


@dataclass
class Answer:
    """A result read back."""

    names: list[str]
    types: list[Any]
    rows: list[list[Any]]


Ask = Callable[..., Answer]


many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""The settings of a property; the fixture that asks is the same for every example."""


def one(ask: Ask, expression: str) -> object:
    """The one value of an expression."""
    return ask(f"SELECT {expression}").rows[0][0]


def double_literal(number: float) -> str:
    """A finite number as a literal of type double."""
    spelled = repr(abs(number))
    spelled = spelled if "e" in spelled else f"{spelled}e0"
    return f"-{spelled}" if math.copysign(1, number) < 0 else spelled


def read(result: sql.Result) -> Answer:
    """A whole result as Python has it."""
    kinds = [column["Type"] for column in result.columns]
    data = [json.loads(row)["Data"] for batch in result.rows for row in batch]
    rows = [[value(datum, kind) for datum, kind in zip(row, kinds, strict=True)] for row in data]
    return Answer([c["Name"] for c in result.columns], [k.get("ScalarType", k) for k in kinds], rows)


def value(datum: dict[str, Any], kind: dict[str, Any]) -> Any:
    """A Datum as Python has it; times and intervals stay text."""
    if datum.get("NullValue"):
        return None
    if "ArrayValue" in datum:
        return [value(item, kind["ArrayColumnInfo"]["Type"]) for item in datum["ArrayValue"]]
    if "TimeSeriesValue" in datum:
        inner = kind["TimeSeriesMeasureValueColumnInfo"]["Type"]
        return [(point["Time"], value(point["Value"], inner)) for point in datum["TimeSeriesValue"]]
    if "RowValue" in datum:
        columns = kind["RowColumnInfo"]
        return [
            value(item, column["Type"])
            for item, column in zip(datum["RowValue"]["Data"], columns, strict=True)
        ]
    text = datum["ScalarValue"]
    if kind["ScalarType"] == "BOOLEAN":
        return {"true": True, "false": False}[text]
    if kind["ScalarType"] in ("BIGINT", "INTEGER"):
        return int(text)
    return float(text) if kind["ScalarType"] == "DOUBLE" else text
