"""The speed of the metric writer, and the write units that its packing saves: `python -m benchmarks.writer`.

Speed is measured on one core against a store on loopback that answers at once, and says as much about the machine as
about the code. Calls and write units are counts: they are the same everywhere.
"""

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from benchmarks.metering import call_bytes, write_units
from benchmarks.report import best, print_head, print_row
from handlers.adapters.timestream.limits import store_limits
from handlers.adapters.timestream.packing import CALL_RECORDS, UNIT_BYTES, pack, shared_part
from handlers.adapters.timestream.store import TimestreamStore
from handlers.adapters.timestream.wire import write_client
from handlers.domain.deadline import Deadline
from handlers.domain.ingest.batch import Ports, write_batch
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import read_request
from handlers.domain.ingest.store import Outcome, Written
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.point import Point

ARRIVAL_MS = 1_763_769_600_000
LIMITS = store_limits(30)
TAGS = {"region": "eu-central-1", "environment": "production", "service": "checkout"}


def main() -> None:
    """Print both tables as Markdown."""
    print_head(
        *("feed", "points", "one by one", "100 a call, nothing shared"),
        *("in order, shared", "packed", "saved"),
    )
    for name, requests in FEEDS.items():
        points = _read_all(_records(requests()))
        naive = [points[start : start + CALL_RECORDS] for start in range(0, len(points), CALL_RECORDS)]
        packed = [[points[index] for index in call] for call in pack(points)]
        unshared = sum(-(-sum(call_bytes([point]) for point in call) // UNIT_BYTES) for call in naive)
        before, after = (sum(map(write_units, calls)) for calls in (naive, packed))
        counts = f"{len(points)} | {unshared} in {len(naive)} | {before} in {len(naive)} | {after} in {len(packed)}"
        print_row(name, len(points), counts, f"{1 - after / unshared:.0%}")
    print()
    print_head("step", "us per point", "points/s on one core")
    records = _records(FEEDS["100 hosts x 10 metrics"]())
    points = _read_all(records)
    _time("read and judge", len(points), lambda: _read_all(records))
    _time("pack", len(points), lambda: pack(points))
    _time(
        "pack, find shared parts",
        len(points),
        lambda: [shared_part([points[i] for i in call]) for call in pack(points)],
    )
    ports = Ports(_OpenRegistry(), _NoStore(), LIMITS, _NoQuarantine(), len)
    _time("batch, no store", len(points), lambda: write_batch(records, ports, _deadline()))
    with _loopback_store() as port:
        os.environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
        os.environ |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
        store = TimestreamStore(write_client(8), "metrics_dev", "metrics")
        ports = Ports(_OpenRegistry(), store, LIMITS, _NoQuarantine(), len)
        _time(
            "batch, store on loopback",
            len(points),
            lambda: write_batch(records, ports, _deadline()),
        )


def _hosts(
    hosts: int, metrics: int, *, seconds: int = 1, tags: dict[str, str] | None = None
) -> list[list[Any]]:
    """One request from each host: its metrics, at each second."""
    return [
        [
            {
                "metric_name": f"system.cpu.metric_{metric}",
                "value": host + metric / 10,
                "metric_type": "system",
                "timestamp": ARRIVAL_MS - 1000 * second - (host if seconds > 1 else 0),
                "dimensions": {"host": f"web-{host:03}.example.internal", **(TAGS if tags is None else tags)},
            }
            for second in range(seconds)
            for metric in range(metrics)
        ]
        for host in range(hosts)
    ]


FEEDS: dict[str, Callable[[], list[list[Any]]]] = {
    "100 hosts x 10 metrics": lambda: _hosts(100, 10),
    "37 hosts x 27 metrics": lambda: _hosts(37, 27),
    "100 hosts x 10 metrics, host only": lambda: _hosts(100, 10, tags={}),
    "10 hosts x 10 metrics x 10 s": lambda: _hosts(10, 10, seconds=10),
    "1 host x 100 metrics x 10 s": lambda: _hosts(1, 100, seconds=10),
    "1000 hosts x 1 metric": lambda: _hosts(1000, 1),
}


def _records(requests: list[list[Any]]) -> list[StreamRecord]:
    return [
        StreamRecord(
            "json",
            "-",
            f"request-{position}",
            ARRIVAL_MS,
            position,
            "shard",
            orjson.dumps({"metrics": metrics}),
        )
        for position, metrics in enumerate(requests)
    ]


def _read_all(records: list[StreamRecord]) -> list[Point]:
    validator = PointValidator(LIMITS)
    return [point for record in records for point in read_request(record, validator).points]


def _time(step: str, points: int, work: Callable[[], object]) -> None:
    _, seconds, _ = best(work, runs=7)
    print_row(step, f"{seconds / points * 1e6:.1f}", f"{points / seconds:,.0f}")


def _deadline() -> Deadline:
    return Deadline(time.monotonic() + 60, time.monotonic)


class _OpenRegistry:
    def known(self) -> dict[str, str]:
        return {name: name for name in ("host", *TAGS)}

    refresh = known

    def admit(self, names: object) -> bool:
        raise AssertionError(names)


class _NoStore:
    keeps_every_version = False

    def write(self, points: Any, deadline: Deadline) -> Written:  # noqa: ARG002 -- the port's shape
        return Written([Outcome.STORED] * len(points))


class _NoQuarantine:
    def put(self, key: str, body: bytes) -> None:
        raise AssertionError(key, body)


@contextmanager
def _loopback_store() -> Iterator[int]:
    """A store in a process of its own, so that its work does not count."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    process = multiprocessing.get_context("fork").Process(target=server.serve_forever)
    process.start()
    yield server.server_address[1]
    process.terminate()


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        address = f"http://{self.headers['Host']}"
        answer = {"RecordsIngested": {}, "Endpoints": [{"Address": address, "CachePeriodInMinutes": 1440}]}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    main()
