"""The rate at which the emulated Timestream takes records, and its memory: `python -m benchmarks.timestream`."""

import argparse
import contextlib
import http.client
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import orjson
import psutil
import pyarrow as pa

from benchmarks.report import print_head, print_row
from benchmarks.timestream_points import CALL_RECORDS, DATABASE, REGION, TABLE, calls, record
from emulator.timestream_process import TimestreamProcess, free_port, timestream_command

_CONNECTIONS = 2
_SHARED = {name: f"{name}-value" for name in ("region", "zone", "service", "metric_type")}


def main() -> None:
    """Print the figures as tables in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timestream", description=__doc__)
    parser.add_argument("--calls", type=int, default=4_000, help="calls of 100 records per measurement")
    parser.add_argument(
        "--arrivals", type=int, default=3_000_000, help="records for the memory while they arrive; 0: none"
    )
    options = parser.parse_args()
    _print_writes(list(_bodies(options.calls)))
    if options.arrivals:
        _print_arrivals(options.arrivals // CALL_RECORDS)


def _print_writes(bodies: Sequence[bytes]) -> None:
    with _server() as server:
        first, late = _write(server, bodies), _write(server, bodies[: len(bodies) // 4])
        retried = _write(server, list(bodies[-1:]) * (len(bodies) // 4))
        assert _status(server)["regions"][REGION]["rows"] == len(bodies) * CALL_RECORDS
    with _server("--fsync") as careful:
        synced = _write(careful, bodies[: len(bodies) // 4])
    naive = _commit_per_call(bodies[: len(bodies) // 10])
    print_head(
        *("WriteRecords, calls of 100 records", "records/s"),
        *("per second of its one core", "against the baseline"),
    )
    for name, (wall, cpu) in (
        ("new records", first),
        ("retries soon after", retried),
        ("retries long after, found in the database", late),
        ("new records, `--fsync`", synced),
        ("baseline: DuckDB, one transaction per call, rows ready, no HTTP, no rules", naive),
    ):
        print_row(name, f"{wall:,.0f}", f"{cpu:,.0f}", f"{wall / naive[0]:.1f} x")
    print()


def _print_arrivals(count: int) -> None:
    """Send records for as long as it takes, and note the server's memory on the way."""
    begin = time.perf_counter()
    part = count // 10
    resident = []
    with _server() as server:
        for number in range(10):
            _write(server, list(_bodies(part, number * part)))
            resident.append(_status(server)["resident_bytes"] / 1e6)
        rows = _status(server)["regions"][REGION]["rows"]
    assert rows == 10 * part * CALL_RECORDS
    print_head(f"{rows:,} records through WriteRecords", "")
    print_row("sent, making them included, in", f"{time.perf_counter() - begin:.0f} s")
    print_row("resident memory after a tenth", f"{resident[0]:.0f} MB")
    print_row("resident memory after half", f"{resident[4]:.0f} MB")
    print_row("resident memory after all", f"{resident[-1]:.0f} MB")
    print_row("the most of ten looks", f"{max(resident):.0f} MB")


@contextlib.contextmanager
def _server(*options: str) -> Iterator[TimestreamProcess]:
    """A Timestream with an empty table, on one core of its own."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [*timestream_command(port, Path(folder) / "data", "http://127.0.0.1:1"), *options]
        with _on_core(0):
            server = TimestreamProcess(port, command, log=Path(folder) / "log", environment=os.environ)
        with contextlib.closing(server):
            server.wait_until_ready()
            _send(server, "CreateDatabase", [orjson.dumps({"DatabaseName": DATABASE})])
            _send(server, "CreateTable", [orjson.dumps({"DatabaseName": DATABASE, "TableName": TABLE})])
            yield server


def _status(server: TimestreamProcess) -> dict[str, Any]:
    """The server's own counts and memory."""
    return dict(server.control("GET", "/_local/status")[1])


def _write(server: TimestreamProcess, bodies: Sequence[bytes]) -> tuple[float, float]:
    """The records per second, by the clock and by the server's processor time."""
    process = psutil.Process(server.pid)
    with _on_core(-1), ThreadPoolExecutor(_CONNECTIONS) as senders:
        parts = [bodies[number::_CONNECTIONS] for number in range(_CONNECTIONS)]
        cpu, begin = sum(process.cpu_times()[:2]), time.perf_counter()
        list(senders.map(partial(_send, server, "WriteRecords"), parts))
        wall = time.perf_counter() - begin
    records = len(bodies) * CALL_RECORDS
    return records / wall, records / (sum(process.cpu_times()[:2]) - cpu)


def _send(server: TimestreamProcess, operation: str, bodies: Sequence[bytes]) -> None:
    with contextlib.closing(http.client.HTTPConnection(server.url.removeprefix("http://"))) as connection:
        for body in bodies:
            connection.request("POST", "/", body, {"X-Amz-Target": f"Timestream_20181101.{operation}"})
            response = connection.getresponse()
            answer = response.read()
            assert response.status == 200, answer


def _bodies(count: int, first: int = 0) -> Iterator[bytes]:
    """Calls as the pipeline makes them: what the records share once, two dimensions and a value each."""
    start_ms = int(time.time()) // 60 * 60_000 - 3_600_000
    records = (
        record(
            call * 0.37 + number,
            (start_ms + call) * 1_000_000,
            metric_name=f"metric.{number % 20}",
            host=f"host-{number // 20 + call % 10 * 5}",
        )
        | {"Version": start_ms * 1_000_000 + call}
        for call in range(first, first + count)
        for number in range(CALL_RECORDS)
    )
    return calls(records, _SHARED)


def _commit_per_call(bodies: Sequence[bytes]) -> tuple[float, float]:
    """The same figures for what comes first to mind: insert each call's rows and commit."""
    batches = []
    for body in bodies:
        rows = [
            {
                **_SHARED,
                **{one["Name"]: one["Value"] for one in record["Dimensions"]},
                "time": int(record["Time"]),
                "version": record["Version"],
                "value": float(record["MeasureValues"][0]["Value"]),
            }
            for record in orjson.loads(body)["Records"]
        ]
        batches.append(pa.Table.from_pylist(rows))
    with (
        tempfile.TemporaryDirectory() as folder,
        _on_core(0),
        duckdb.connect(f"{folder}/naive.duckdb") as connection,
    ):
        batch = batches[0]
        connection.execute("CREATE TABLE points AS SELECT * FROM batch LIMIT 0")
        cpu, begin = time.process_time(), time.perf_counter()
        for batch in batches:
            connection.register("rows", batch)
            connection.execute("INSERT INTO points SELECT * FROM rows")
        wall, used = time.perf_counter() - begin, time.process_time() - cpu
    return len(batches) * CALL_RECORDS / wall, len(batches) * CALL_RECORDS / used


@contextlib.contextmanager
def _on_core(number: int) -> Iterator[None]:
    """Keep this process, and what it starts, on one of the cores it has."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


if __name__ == "__main__":
    main()
