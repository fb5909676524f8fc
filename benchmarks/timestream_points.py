"""Ten million points in a local Timestream, in seconds: for benchmarks that read."""

import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import orjson

from emulator.timestream import Store, create_database, create_table

DATABASE, TABLE, REGION = "bench", "points", "us-east-1"
STEP_SECONDS = 10
_STEPS_AT_ONCE = 200
_CALL = 100


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
    for body in _newest(series, newest_ns):
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


def _newest(series: int, newest_ns: int) -> Iterator[bytes]:
    for first in range(0, series, _CALL):
        records = [
            {
                "Dimensions": [
                    {"Name": "host", "Value": f"h{number}"},
                    {"Name": "service", "Value": f"service-{number % 20}"},
                ],
                "MeasureValues": [{"Name": "value", "Value": str(number % 97 / 1.7), "Type": "DOUBLE"}],
            }
            for number in range(first, min(first + _CALL, series))
        ]
        common = {
            "Dimensions": [
                {"Name": "metric_name", "Value": "cpu.load"},
                {"Name": "metric_type", "Value": "system"},
                {"Name": "region", "Value": REGION},
            ],
            "MeasureName": "metric",
            "MeasureValueType": "MULTI",
            "Time": str(newest_ns),
            "TimeUnit": "NANOSECONDS",
        }
        yield orjson.dumps(
            {"DatabaseName": DATABASE, "TableName": TABLE, "CommonAttributes": common, "Records": records}
        )


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
