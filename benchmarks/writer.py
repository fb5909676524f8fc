"""The speed of the metric writer into both stores, and what they are sent: `python -m benchmarks.writer`.

Speed is measured on one core against stores on loopback that answer at once, and says as much about the machine as
about the code. Calls, write units, objects and bytes are counts: they are the same everywhere.
"""

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from benchmarks.metering import UNIT_BYTES, call_bytes, write_units
from benchmarks.report import print_head, print_row
from handlers.adapters.aws import client
from handlers.adapters.lake.lines import objects_of
from handlers.adapters.lake.store import LakeStore
from handlers.adapters.timestream.cuts import CALL_RECORDS
from handlers.adapters.timestream.limits import store_limits
from handlers.adapters.timestream.packing import Packer, pack
from handlers.adapters.timestream.prepared import Preparer
from handlers.adapters.timestream.request import requests_of
from handlers.adapters.timestream.sdk_wire import SdkWire
from handlers.adapters.timestream.store import TimestreamStore
from handlers.adapters.timestream.wire import PooledWire
from handlers.domain.deadline import Deadline
from handlers.domain.ingest.batch import Ports, ignore, write_batch
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import read_request
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.store import MetricStore, Outcome, Written
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.point import Point

ARRIVAL_MS = 1_763_769_600_000
LIMITS = store_limits(30)
TARGET = {"DatabaseName": "metrics_dev", "TableName": "metrics"}
TAGS = {"region": "eu-central-1", "environment": "production", "service": "checkout"}


def main() -> None:
    """Print the tables as Markdown."""
    _print_write_units()
    print()
    _print_objects()
    print()
    _print_speed()


def _print_write_units() -> None:
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


def _print_objects() -> None:
    """Print requests and bytes of a million points in the lake, in batches of two sizes."""
    print_head("feed", "points a batch", "PUTs of a million", "bytes a point")
    for name, requests in FEEDS.items():
        for batches in (1, 20):
            # The seconds of a window, one after the other, in one batch.
            points = [
                point._replace(time_ns=point.time_ns + second * 10**9)
                for second in range(batches)
                for point in _read_all(_records(requests()))
            ]
            objects = objects_of(points)
            sent = sum(len(one.body()) for one in objects) / len(points)
            puts = len(objects) / len(points) * 1e6
            print_row(name, len(points), f"{puts:,.0f}", f"{sent:.1f}")


def _print_speed() -> None:
    print_head("step", "us of CPU per point", "points/s on one core")
    records = _records(FEEDS["100 hosts x 10 metrics"]())
    points = _read_all(records)
    _time("read and judge", len(points), lambda: _read_all(records))
    ports = Ports(_OpenRegistry(), _NoStore(), LIMITS, _NoQuarantine(), ignore)
    _time("batch, no store", len(points), lambda: write_batch(records, ports, _deadline()))
    packer, preparer = Packer(), Preparer()
    for _ in range(50):  # until all schemes have been tried on this kind of batch
        packer.pack(points, preparer.prepare([point.series for point in points]))
        list(requests_of(TARGET, points))
    prepared = preparer.prepare([point.series for point in points])
    _time("Timestream: pack", len(points), lambda: packer.pack(points, prepared))
    _time("Timestream: pack, make bodies", len(points), lambda: list(requests_of(TARGET, points)))
    _time("lake: lines", len(points), lambda: objects_of(points))
    _time("lake: lines, gzip", len(points), lambda: [one.body() for one in objects_of(points)])
    with _loopback_stores() as port:
        os.environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
        os.environ |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
        timestream = TimestreamStore(PooledWire(8), "metrics_dev", "metrics")
        by_sdk = TimestreamStore(SdkWire(8), "metrics_dev", "metrics")
        _time("Timestream: adapter over botocore's client", len(points), partial(_write, by_sdk, points))
        lake = LakeStore(client("s3", read_timeout=5, attempts=1, connections=8), "metrics-dev-exports")
        adapters = {
            name: _time(f"{name}: adapter", len(points), partial(_write, store, points))
            for name, store in (("Timestream", timestream), ("lake", lake))
        }
        for name, store in (("Timestream", timestream), ("lake", lake)):
            whole = Ports(_OpenRegistry(), store, LIMITS, _NoQuarantine(), ignore)
            _time(f"{name}: everything", len(points), partial(_write_batch, records, whole))
    print(f"\nThe lake's adapter takes {adapters['lake'] / adapters['Timestream']:.2f} of Timestream's time.")


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


def points_of_feed(name: str) -> list[Point]:
    """The points of a feed's batch, as the writer reads them."""
    return _read_all(_records(FEEDS[name]()))


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
    mapping = DimensionMapping()
    return [point for record in records for point in read_request(record, validator, mapping).points]


def _write(store: MetricStore, points: list[Point]) -> None:
    store.write(points, _deadline())


def _write_batch(records: list[StreamRecord], ports: Ports) -> None:
    write_batch(records, ports, _deadline())


def _time(step: str, points: int, work: Callable[[], object]) -> float:
    """The least processor time of several runs, in microseconds a point; that of threads counts as well."""
    us = min(_cpu_s(work) for _ in range(9)) / points * 1e6
    print_row(step, f"{us:.1f}", f"{1e6 / us:,.0f}")
    return us


def _cpu_s(work: Callable[[], object]) -> float:
    start_s = time.process_time()
    work()
    return time.process_time() - start_s


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
def _loopback_stores() -> Iterator[int]:
    """Both stores in a process of their own, so that their work does not count."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    process = multiprocessing.get_context("fork").Process(target=server.serve_forever)
    process.start()
    yield server.server_address[1]
    process.terminate()


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet, as services send them: two wait for each other's acknowledgements.
    wbufsize = -1
    disable_nagle_algorithm = True

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

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    main()
