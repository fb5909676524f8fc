"""The bound of a shard, and the time that a backlog takes: `python -m benchmarks.backlog`.

A shard takes 1 MB and 1,000 records a second, and gives 2 MB a second to all who read it
(https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html); two functions do. A function has a vCPU
with 1,769 MB of memory and its share of one below that
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). The processor time of a point is measured: the
writer's whole, with a store on loopback, and the aggregator's with ten rules, of which points in plain JSON are read. A
vCPU is taken for a core of this machine.
"""

import argparse
import base64
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import urllib3

from benchmarks import aggregator
from benchmarks.decoding import ARRIVAL_MS, FEEDS, FORMATS
from benchmarks.peers.turns import OURS_ENVIRONMENT, stand_in
from benchmarks.report import print_head, print_row
from handlers import metric_writer
from handlers.domain.collection import paused_collection
from templates.components.alerting.consumers import BATCH_RECORDS
from templates.config import load

_SHARD_IN, _SHARD_RECORDS = 1_000_000, 1_000
_READER_BYTES = 2_000_000 / 2
_VCPU_MB, _AGGREGATOR_MB = 1_769, 512
# The most that an invocation is given, what base64 makes of a byte, and what stands around a record's data.
_PAYLOAD_BYTES, _BASE64, _ENVELOPE_BYTES = 6_000_000, 4 / 3, 450
_RECORDS, _SHARDS = 10_000_000, 4  # as many shards as a new stream has that is on demand
_DELAY_MS, _ROUNDS = 10, 5
_SAMPLES = FEEDS["1,000 series"]

Event = dict[str, Any]


@dataclass(frozen=True)
class Body:
    """Requests of one format, as many samples in each; the bytes of one on the stream."""

    body_format: str
    points: int

    def requests(self) -> list[bytes]:
        """The samples as bodies of requests."""
        starts = range(0, len(_SAMPLES), self.points)
        return [FORMATS[self.body_format](_SAMPLES[start : start + self.points]) for start in starts]

    def events(self, records: int) -> Iterator[Event]:
        """The samples in batches of so many records."""
        requests = self.requests()
        for start in range(0, len(requests), records):
            yield _event(self.body_format, requests[start : start + records])


def _event(body_format: str, requests: Sequence[bytes]) -> Event:
    return {
        "Records": [
            {
                "kinesis": {
                    "partitionKey": f"{body_format}/-/request{number}=",
                    "sequenceNumber": f"4959{number:052d}",
                    "data": base64.b64encode(request).decode(),
                    "approximateArrivalTimestamp": ARRIVAL_MS / 1000,
                },
                "eventID": f"shardId-000000000000:4959{number:052d}",
            }
            for number, request in enumerate(requests)
        ]
    }


@dataclass(frozen=True)
class Cost:
    """The processor time of a point in seconds, and the seconds that a batch waits for the store besides."""

    point_s: float
    wait_s: float


def main() -> None:
    """Print the tables as Markdown."""
    argparse.ArgumentParser(prog="python -m benchmarks.backlog", description=__doc__).parse_args()
    with _writer() as function:
        _print_shard(function)
        print(f"\n{_RECORDS:,} records in {_SHARDS} shards, nothing new arriving:\n")
        _print_backlog(function)


def _print_shard(function: "_Writer") -> None:
    """Print what a shard's megabyte holds in each format, and what one writer does with it."""
    writer = load("prod").writer
    print_head(
        *("format, points a record", "bytes a point", "points/s a shard takes"),
        *(
            "writer: us a point",
            f"points/s of prod's {writer.parallelization} writers of {writer.memory_mb} MB",
        ),
    )
    for body in (Body("json", 1), Body("json", 100), *(Body(name, 500) for name in FORMATS)):
        record_bytes = sum(map(len, body.requests())) / len(body.requests())
        taken = min(_SHARD_IN / record_bytes, _SHARD_RECORDS) * body.points
        cost = function.cost(body, max(1, 1_000 // body.points))
        share = min(1.0, writer.memory_mb / _VCPU_MB) * (writer.parallelization or 1)
        print_row(
            f"{body.body_format}, {body.points}",
            f"{record_bytes / body.points:.0f}",
            f"{taken:,.0f}",
            f"{cost.point_s * 1e6:.1f}",
            f"{share / cost.point_s:,.0f}",
        )


def _print_backlog(function: "_Writer") -> None:
    print_head(
        *("environment", "format, points a record", "GB", "until it is read, at the shards' 1 MB/s a reader"),
        *("until it is written, by processor and batches", "until it is aggregated", "it takes"),
    )
    for environment in ("dev", "prod"):
        writer = load(environment).writer
        for body in (Body("json", 1), Body("json", 100), Body("json-gz", 500)):
            record_bytes = sum(map(len, body.requests())) / len(body.requests())
            reading_s = _RECORDS * record_bytes / _SHARDS / _READER_BYTES
            batch = batch_records(writer.batch_size, record_bytes)
            cost = function.cost(body, batch)
            writing_s = drain_s(
                body.points, batch, cost, writer.memory_mb / _VCPU_MB, writer.parallelization or 1
            )
            batch = batch_records(BATCH_RECORDS, record_bytes)
            aggregating_s = drain_s(body.points, batch, _aggregator_cost(body), _AGGREGATOR_MB / _VCPU_MB, 1)
            print_row(
                environment,
                f"{body.body_format}, {body.points}",
                f"{_RECORDS * record_bytes / 1e9:.1f}",
                *map(_time, (reading_s, writing_s, aggregating_s, max(reading_s, writing_s, aggregating_s))),
            )


def batch_records(most: int, record_bytes: float) -> int:
    """The records of a full batch: as many as are asked for, or as an invocation is given."""
    return int(min(most, _PAYLOAD_BYTES / (record_bytes * _BASE64 + _ENVELOPE_BYTES)))


def drain_s(points: int, batch: int, cost: Cost, share: float, parallelization: int) -> float:
    """The seconds in which all records of a shard are processed, in full batches one after the other."""
    batch_s = batch * points * cost.point_s / min(1.0, share) + cost.wait_s
    return _RECORDS / _SHARDS / batch * batch_s / parallelization


def _time(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _aggregator_cost(body: Body) -> Cost:
    """The least of some runs with ten rules; its tables answer in a hundredth of a second, three times a batch."""
    function = aggregator.Function(aggregator.CASES["10, each of a metric of its own"])
    events = [aggregator.event(aggregator.points(1_000, start), body.points) for start in (0, 1_000)]
    spent = []
    for _ in range(_ROUNDS):
        began_s = time.process_time()
        with paused_collection():
            for event in events:
                function.aggregate(event)
        spent.append(time.process_time() - began_s)
    return Cost(min(spent) / len(events) / 1_000, 3 * _DELAY_MS / 1000)


class _Writer:
    """The writer as it is deployed, in this process."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._url = variables["AWS_ENDPOINT_URL"]
        self._function = metric_writer.build(variables, clock=lambda: ARRIVAL_MS / 1000)

    def cost(self, body: Body, records: int) -> Cost:
        """The least of some rounds: a point's processor time, and a batch's wait when answers are delayed."""
        events = list(body.events(records))
        self._run(events)
        point_s = min(self._run(events)[0] for _ in range(_ROUNDS)) / len(_SAMPLES)
        self._ask(f"/delay?{_DELAY_MS}")
        waits = [wall_s - cpu_s for cpu_s, wall_s in (self._run(events) for _ in range(2))]
        self._ask("/delay?0")
        self._ask("/counts")
        return Cost(point_s, max(0.0, min(waits) / len(events)))

    def _run(self, events: Sequence[Event]) -> tuple[float, float]:
        """The seconds of processor and of the clock that the events took."""
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        with redirect_stdout(StringIO()):
            for event in events:
                answer = self._function.write(event, 100.0)
                if answer["batchItemFailures"]:
                    raise RuntimeError(f"not written: {answer}")
        return time.process_time() - cpu_s, time.perf_counter() - wall_s

    def _ask(self, path: str) -> None:
        urllib3.request("GET", self._url + path)


@contextmanager
def _writer() -> Iterator[_Writer]:
    with stand_in() as environment:
        variables = {**environment, **OURS_ENVIRONMENT}
        os.environ |= variables
        yield _Writer(variables)


if __name__ == "__main__":
    main()
