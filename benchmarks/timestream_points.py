"""Points for a local Timestream: in calls of WriteRecords, and ten million in seconds, for benchmarks that read."""

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import orjson

from emulator.timestream import Store, create_database, create_table

DATABASE, TABLE, REGION = "bench", "points", "us-east-1"
CALL_RECORDS = 100
STEP_SECONDS = 10
_STEPS_AT_ONCE = 200


def record(value: float, time_ns: int, **dimensions: str) -> dict[str, Any]:
    """A record of one value as the pipeline makes it."""
    return {
        "Dimensions": _named(dimensions),
        "MeasureValues": [{"Name": "value", "Value": str(value), "Type": "DOUBLE"}],
        "Time": str(time_ns),
    }


def calls(
    records: Iterable[Mapping[str, Any]],
    shared: Mapping[str, str],
    database: str = DATABASE,
    table: str = TABLE,
) -> Iterator[bytes]:
    """Bodies of WriteRecords, 100 records each, with the dimensions that all records share said once."""
    common = {
        "Dimensions": _named(shared),
        "MeasureName": "metric",
        "MeasureValueType": "MULTI",
        "TimeUnit": "NANOSECONDS",
    }
    request = {"DatabaseName": database, "TableName": table, "CommonAttributes": common}
    remaining = iter(records)
    while batch := list(itertools.islice(remaining, CALL_RECORDS)):
        yield orjson.dumps({**request, "Records": batch})


def _named(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def load(directory: Path, points: int = 10_000_000, series: int = 1_000) -> int:
    """Fill the region's folder below `directory` and return the time of the newest point in nanoseconds.

    There are `series` series (hosts h0, h1, ... of 20 services), one point each every 10 seconds up to now. The
    newest point of each comes through WriteRecords, so that table, columns and series are as the server makes them;
    the older ones are copied from it inside DuckDB, in the order of time, as they would have arrived.
    """
    newest_ns = time.time_ns() // 10**9 * 10**9
    store = Store(directory / REGION, REGION, lambda: newest_ns)
    create_database(store, {"DatabaseName": DATABASE})
    create_table(store, {"DatabaseName": DATABASE, "TableName": TABLE})
    newest = (
        record(number % 97 / 1.7, newest_ns, host=f"h{number}", service=f"service-{number % 20}")
        for number in range(series)
    )
    for body in calls(newest, {"metric_name": "cpu.load", "metric_type": "system", "region": REGION}):
        store.write(orjson.loads(body), body, {})
    table = store.catalog.table_of(DATABASE, TABLE)
    store.close()
    _copy(
        directory / REGION / "store.duckdb",
        f"t{table.number}",
        table.schema.stored["value"],
        points // series - 1,
    )
    return newest_ns


def _copy(path: Path, table: str, value: str, steps: int) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET preserve_insertion_order = true")
        connection.execute(f"CREATE TEMP TABLE newest AS SELECT * FROM {table}")
        connection.execute(f"DELETE FROM {table}")
        for high in range(steps, -1, -_STEPS_AT_ONCE):
            low = max(high - _STEPS_AT_ONCE + 1, 0)
            connection.execute(
                f"INSERT INTO {table} SELECT n.* REPLACE ("
                f"make_timestamp_ns(epoch_ns(n.time) - back * {STEP_SECONDS} * 1000000000) AS time, "
                f"n.{value} + 10 * sin(back / 60.0) + hash(n.series, back) % 1000 / 100.0 AS {value}) "
                "FROM range(?, ?) AS steps(back), newest n ORDER BY back DESC, n.series",
                [low, high + 1],
            )
