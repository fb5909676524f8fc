"""Answers of awswrangler's Timestream functions as JSON lines; run in the environment that has it, and nothing of ours.

On standard input, in JSON: a `folder` in S3 for what is unloaded, and `now_ms`.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import awswrangler as wr
import pandas as pd

DATABASE, TABLE, MULTI = "wrangled", "points", "multi"


def answers(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each function's answer under a name for it."""
    wr.timestream.create_database(DATABASE)
    for table in (TABLE, MULTI):
        wr.timestream.create_table(DATABASE, table, memory_retention_hours=24, magnetic_retention_days=30)
    yield "databases", wr.timestream.list_databases()
    yield "tables", sorted(wr.timestream.list_tables(database=DATABASE))

    now = datetime.fromtimestamp(given["now_ms"] / 1000, UTC).replace(tzinfo=None)
    times = [now - timedelta(seconds=30 - number) for number in range(3)]
    frame = pd.DataFrame(
        {"time": times, "host": ["a", "b", "a"], "load": [1.5, -2.25, 1e300], "n": [1, 2, 3]}
    )
    single = {"time_col": "time", "measure_col": "load", "dimensions_cols": ["host"], "measure_name": "load"}
    yield "rejected", wr.timestream.write(frame, DATABASE, TABLE, **single)
    several = {
        "time_col": "time",
        "measure_col": ["load", "n"],
        "dimensions_cols": ["host"],
        "measure_name": "m",
    }
    yield "rejected of several", wr.timestream.write(frame, DATABASE, MULTI, **several)

    ordered = f'SELECT host, measure_value::double AS load FROM "{DATABASE}"."{TABLE}" ORDER BY time'
    yield "frame", _records(wr.timestream.query(ordered))
    chunks = wr.timestream.query(ordered, chunked=True, pagination_config={"PageSize": 1})
    yield "chunks", [row for chunk in chunks for row in _records(chunk)]
    found = wr.timestream.query(f'SELECT * FROM "{DATABASE}"."{MULTI}" ORDER BY time')
    yield "types", {name: str(kind) for name, kind in found.dtypes.items()}
    yield "moments", [str(moment) for moment in found["time"]]
    yield "wanted moments", [str(pd.Timestamp(moment)) for moment in times]
    yield "arrays", _records(wr.timestream.query("SELECT array_agg(x) AS a FROM (VALUES 1, 2) AS t(x)"))

    folder = given["folder"]
    query = f'SELECT host, load, n, time FROM "{DATABASE}"."{MULTI}" ORDER BY time'
    unloaded = wr.timestream.unload(query, path=f"{folder}frames/", unload_format="PARQUET")
    yield "unloaded", _records(unloaded.sort_values("n")[["host", "load", "n"]])
    series = f'SELECT host, create_time_series(time, load) AS s FROM "{DATABASE}"."{MULTI}" GROUP BY host'
    nested = wr.timestream.unload(series, path=f"{folder}series/", unload_format="PARQUET")
    told = {row.host: [point["value"] for point in row.s] for row in nested.itertuples()}
    yield "unloaded series", told
    wr.timestream.unload_to_files(query, path=f"{folder}files/", unload_format="CSV", partition_cols=["time"])
    yield "files", len(wr.s3.list_objects(f"{folder}files/results/"))

    for table in (TABLE, MULTI):
        wr.timestream.delete_table(DATABASE, table)
    wr.timestream.delete_database(DATABASE)
    yield "left", wr.timestream.list_databases()


def _records(frame: Any) -> Any:
    return json.loads(frame.to_json(orient="values"))


if __name__ == "__main__":
    for name, answer in answers(json.load(sys.stdin)):
        print(json.dumps([name, answer]), flush=True)
