"""The time of the emulated Timestream's answers over 10 million points: `python -m benchmarks.timestream_query`.

Each statement is timed warm, best of five, beside a bare DuckDB scan of the same column in the same run, as machines
differ and their load too. Processor time is that of the whole process, the S3 of the exports included.
"""

import argparse
import json
import tempfile
import time
from functools import partial
from pathlib import Path

import psutil

from benchmarks.report import best, print_head, print_row
from benchmarks.timestream_points import DATABASE, REGION, TABLE, load
from emulator import StackTemplate, start
from emulator.timestream import Store, UnloadTarget, run

_SOURCE = f'"{DATABASE}"."{TABLE}"'
_STATEMENTS = {
    "5 minutes by service and minute, avg, p99": (
        f"SELECT service, bin(time, 1m) AS minute, avg(value), approx_percentile(value, 0.99), count(*) FROM {_SOURCE}"
        " WHERE time BETWEEN ago(5m) AND now() GROUP BY service, bin(time, 1m) ORDER BY minute"
    ),
    "1 hour by minute, avg": (
        f"SELECT bin(time, 1m) AS minute, avg(value) FROM {_SOURCE} WHERE time > ago(1h) GROUP BY bin(time, 1m)"
    ),
    "everything by hour, avg and max": (
        f"SELECT bin(time, 1h) AS hour, avg(value), max(value) FROM {_SOURCE} GROUP BY bin(time, 1h)"
    ),
    "last point of each of 1,000 series": (
        f"SELECT host, max(time), max_by(value, time) FROM {_SOURCE} WHERE time > ago(1h) GROUP BY host"
    ),
    "one series, 1 hour, raw": f"SELECT time, value FROM {_SOURCE} WHERE host = 'h7' AND time > ago(1h)",
    "200,000 rows rendered": f"SELECT * FROM {_SOURCE} LIMIT 200000",
}

_EXPORTS = (
    "format='PARQUET'",
    "format='PARQUET', partitioned_by=ARRAY['service']",
    "format='CSV'",
    "format='CSV', partitioned_by=ARRAY['service']",
)


_BUCKET = StackTemplate(
    "exports", {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "exports"}}}}
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000_000)
    points = parser.parse_args().points
    with tempfile.TemporaryDirectory(prefix="timestream-") as folder:
        begin = time.perf_counter()
        now_ns = load(Path(folder), points)
        loaded = time.perf_counter() - begin
        size = (Path(folder) / REGION / "store.duckdb").stat().st_size
        store = Store(Path(folder) / REGION, REGION, lambda: now_ns)
        try:
            _queries(store, now_ns)
            _unloads(store, now_ns)
        finally:
            store.close()
    print()
    print_head(f"{points:,} points", "")
    print_row("loaded in", f"{loaded:.0f} s")
    print_row("file", f"{size / 1e6:.0f} MB")
    print_row("resident memory at the end", f"{psutil.Process().memory_info().rss / 1e6:.0f} MB")
    print_row("load average", ", ".join(f"{load:.1f}" for load in psutil.getloadavg()))


def _queries(store: Store, now_ns: int) -> None:
    with store.reader() as (catalog, cursor):
        relation = catalog.table(DATABASE, TABLE).relation
        scan, cpu, _ = best(lambda: len(cursor.execute(f'SELECT avg("value") FROM {relation}').fetchall()))
    print_head("statement", "ms", "processor ms", "bare scans", "rows/s")
    print_row("bare scan of the value column", f"{scan * 1e3:.1f}", f"{cpu * 1e3:.1f}", "1.0", "")
    for name, statement in _STATEMENTS.items():
        seconds, cpu, rows = best(partial(_run, store, statement, now_ns))
        bare = f"{seconds / scan:.1f}"
        print_row(name, f"{seconds * 1e3:.1f}", f"{cpu * 1e3:.1f}", bare, f"{rows / seconds:,.0f}")


def _unloads(store: Store, now_ns: int) -> None:
    """Time UNLOAD of a million rows, S3 included."""
    query = f"SELECT host, metric_name, time, value, service FROM {_SOURCE} LIMIT 1000000"
    print()
    print_head("UNLOAD of a million rows", "s", "processor s", "rows/s")
    with (
        tempfile.TemporaryDirectory(prefix="exports-") as folder,
        start([REGION], [_BUCKET], data_dir=Path(folder)) as cloud,
    ):
        target = UnloadTarget(cloud.endpoint_url, REGION)
        for options in _EXPORTS:
            statement = f"UNLOAD ({query}) TO 's3://exports/x' WITH ({options})"
            seconds, cpu, rows = best(partial(_unload, store, statement, now_ns, target))
            print_row(options, f"{seconds:.2f}", f"{cpu:.2f}", f"{rows / seconds:,.0f}")


def _unload(store: Store, statement: str, now_ns: int, target: UnloadTarget) -> int:
    with store.reader() as (catalog, cursor):
        result = run(catalog, cursor, statement, now_ns, unload=target, query_id="BENCH")
        return int(json.loads(next(result.rows)[0])["Data"][0]["ScalarValue"])


def _run(store: Store, statement: str, now_ns: int) -> int:
    with store.reader() as (catalog, cursor):
        return sum(len(batch) for batch in run(catalog, cursor, statement, now_ns).rows)


if __name__ == "__main__":
    main()
