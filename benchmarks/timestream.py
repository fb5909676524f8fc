"""The rate at which the emulated Timestream takes records, and its memory: `python -m benchmarks.timestream`."""

import argparse
import http.client
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from benchmarks.timestream_points import DATABASE, TABLE, load

_CALL = 100
_CONNECTIONS = 2


class ServerProcess:
    """`python -m emulator.timestream` on one core of its own."""

    def __init__(self, data: Path, *options: str) -> None:
        command = [sys.executable, "-m", "emulator.timestream", "--port", "0", "--data", str(data), *options]
        with _on_core(0):
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.port = int(line.split("http://127.0.0.1:")[1].split()[0])

    def cpu_seconds(self) -> float:
        """The processor time the server took so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one operation."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(
            "POST", "/", orjson.dumps(request), {"X-Amz-Target": f"Timestream_20181101.{operation}"}
        )
        answer: dict[str, Any] = orjson.loads(connection.getresponse().read())
        connection.close()
        return answer

    def status(self) -> dict[str, Any]:
        """The server's own counts and memory."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/_local/status")
        answer: dict[str, Any] = orjson.loads(connection.getresponse().read())
        connection.close()
        return answer

    def stop(self) -> None:
        """End the server."""
        self._process.terminate()
        self._process.wait(60)
        if self._process.stdout is not None:
            self._process.stdout.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures as a table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timestream", description=__doc__)
    parser.add_argument("--calls", type=int, default=4_000, help="calls of 100 records per measurement")
    parser.add_argument(
        "--points", type=int, default=10_000_000, help="points for the memory figures; 0: none"
    )
    parser.add_argument(
        "--arrivals", type=int, default=3_000_000, help="records for the memory while they arrive; 0: none"
    )
    options = parser.parse_args(arguments)
    bodies = list(_bodies(options.calls))
    with tempfile.TemporaryDirectory() as directory:
        _print_writes(Path(directory), bodies)
    if options.arrivals:
        with tempfile.TemporaryDirectory() as directory:
            _print_arrivals(Path(directory), options.arrivals // _CALL)
    if options.points:
        with tempfile.TemporaryDirectory() as directory:
            _print_memory(Path(directory), options.points)
    return 0


def _print_writes(directory: Path, bodies: Sequence[bytes]) -> None:
    server = ServerProcess(directory / "log")
    first, late = _write(server, bodies), _write(server, bodies[: len(bodies) // 4])
    retried = _write(server, list(bodies[-1:]) * (len(bodies) // 4))
    status = server.status()
    server.stop()
    assert status["regions"]["us-east-1"]["rows"] == len(bodies) * _CALL
    careful = ServerProcess(directory / "fsync", "--fsync")
    synced = _write(careful, bodies[: len(bodies) // 4])
    careful.stop()
    naive = _commit_per_call(directory / "naive.duckdb", bodies[: len(bodies) // 10])
    print(
        "| WriteRecords, calls of 100 records | records/s | per second of its one core | against the baseline |"
    )
    print("|---|---|---|---|")
    for name, (wall, cpu) in (
        ("new records", first),
        ("retries soon after", retried),
        ("retries long after, found in the database", late),
        ("new records, `--fsync`", synced),
        ("baseline: DuckDB, one transaction per call, rows ready, no HTTP, no rules", naive),
    ):
        print(f"| {name} | {wall:,.0f} | {cpu:,.0f} | {wall / naive[0]:.1f} x |")
    print()


def _print_arrivals(directory: Path, calls: int) -> None:
    """Send records for as long as it takes, and note the server's memory on the way."""
    server = ServerProcess(directory)
    begin = time.perf_counter()
    part = calls // 10
    resident = []
    for number in range(10):
        _write(server, list(_bodies(part, number * part)))
        resident.append(server.status()["resident_bytes"] / 1e6)
    status = server.status()["regions"]["us-east-1"]
    server.stop()
    assert status["rows"] == 10 * part * _CALL
    print(f"| {status['rows']:,} records through WriteRecords | |")
    print("|---|---|")
    print(f"| sent, making them included, in | {time.perf_counter() - begin:.0f} s |")
    print(f"| resident memory after a tenth | {resident[0]:.0f} MB |")
    print(f"| resident memory after half | {resident[4]:.0f} MB |")
    print(f"| resident memory after all | {resident[-1]:.0f} MB |")
    print(f"| the most of ten looks | {max(resident):.0f} MB |")
    print()


def _print_memory(directory: Path, points: int) -> None:
    begin = time.perf_counter()
    load(directory, points)
    loaded = time.perf_counter() - begin
    begin = time.perf_counter()
    server = ServerProcess(directory)
    started = time.perf_counter() - begin
    fresh = server.status()["resident_bytes"]
    query = f'SELECT bin(time, 1h), avg(value), count(*) FROM "{DATABASE}"."{TABLE}" GROUP BY 1 ORDER BY 1'
    counted = 0
    for _ in range(5):
        page = server.call("Query", {"QueryString": query})
        counted = sum(int(row["Data"][2]["ScalarValue"]) for row in page["Rows"])
    used = server.status()["resident_bytes"]
    server.stop()
    assert counted == points
    size = (directory / "us-east-1" / "store.duckdb").stat().st_size
    print(f"| {points:,} points | |")
    print("|---|---|")
    print(f"| loaded in | {loaded:.0f} s |")
    print(f"| file | {size / 1e6:.0f} MB |")
    print(f"| start, all series' last times included | {started:.1f} s |")
    print(f"| resident memory after the start | {fresh / 1e6:.0f} MB |")
    print(f"| resident memory after five full scans by hour | {used / 1e6:.0f} MB |")


def _write(server: ServerProcess, bodies: Sequence[bytes]) -> tuple[float, float]:
    """The records per second, by the clock and by the server's processor time."""
    if not server.call("ListDatabases", {})["Databases"]:
        server.call("CreateDatabase", {"DatabaseName": DATABASE})
        server.call("CreateTable", {"DatabaseName": DATABASE, "TableName": TABLE})
    threads = [
        threading.Thread(target=_send, args=(server.port, bodies[number::_CONNECTIONS]))
        for number in range(_CONNECTIONS)
    ]
    with _on_core(-1):
        cpu, begin = server.cpu_seconds(), time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall = time.perf_counter() - begin
    records = len(bodies) * _CALL
    return records / wall, records / (server.cpu_seconds() - cpu)


def _send(port: int, bodies: Sequence[bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for body in bodies:
        connection.request("POST", "/", body, {"X-Amz-Target": "Timestream_20181101.WriteRecords"})
        response = connection.getresponse()
        answer = response.read()
        assert response.status == 200, answer
    connection.close()


def _bodies(calls: int, first: int = 0) -> Iterator[bytes]:
    """Calls as the pipeline makes them: what the records share once, two dimensions and a value each."""
    start_ms = int(time.time()) // 60 * 60_000 - 3_600_000
    common = {
        "Dimensions": [
            {"Name": name, "Value": f"{name}-value"} for name in ("region", "zone", "service", "metric_type")
        ],
        "MeasureName": "metric",
        "MeasureValueType": "MULTI",
        "TimeUnit": "MILLISECONDS",
    }
    for call in range(first, first + calls):
        records = [
            {
                "Dimensions": [
                    {"Name": "metric_name", "Value": f"metric.{number % 20}"},
                    {"Name": "host", "Value": f"host-{number // 20 + call % 10 * 5}"},
                ],
                "MeasureValues": [{"Name": "value", "Value": str(call * 0.37 + number), "Type": "DOUBLE"}],
                "Time": str(start_ms + call),
                "Version": start_ms * 1_000_000 + call,
            }
            for number in range(_CALL)
        ]
        yield orjson.dumps(
            {"DatabaseName": DATABASE, "TableName": TABLE, "CommonAttributes": common, "Records": records}
        )


def _commit_per_call(path: Path, bodies: Sequence[bytes]) -> tuple[float, float]:
    """The same figures for what comes first to mind: insert each call's rows and commit."""
    batches = []
    for body in bodies:
        request = orjson.loads(body)
        shared = {one["Name"]: one["Value"] for one in request["CommonAttributes"]["Dimensions"]}
        rows = [
            {
                **shared,
                **{one["Name"]: one["Value"] for one in record["Dimensions"]},
                "time": int(record["Time"]),
                "version": record["Version"],
                "value": float(record["MeasureValues"][0]["Value"]),
            }
            for record in request["Records"]
        ]
        batches.append(pa.Table.from_pylist(rows))
    with _on_core(0), duckdb.connect(str(path)) as connection:
        batch = batches[0]
        connection.execute("CREATE TABLE points AS SELECT * FROM batch LIMIT 0")
        cpu, begin = time.process_time(), time.perf_counter()
        for batch in batches:
            connection.register("rows", batch)
            connection.execute("INSERT INTO points SELECT * FROM rows")
        wall = time.perf_counter() - begin
        return len(batches) * _CALL / wall, len(batches) * _CALL / (time.process_time() - cpu)


@contextmanager
def _on_core(number: int) -> Iterator[None]:
    """Keep this process, and what it starts, on one of the cores it has."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


if __name__ == "__main__":
    sys.exit(main())
