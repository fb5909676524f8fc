"""The events that every peer gets: 50 hosts of 40 metrics, on whole seconds, in records of one point or of 100."""

import base64
import itertools
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EVENTS = 6
HOSTS, METRICS = 50, 40
_AREAS = ("cpu.core", "memory.page", "disk.io", "network.if", "http.server")
_VERBS = ("utilization", "latency", "requests", "errors", "queued", "saturation", "read_bytes", "wait")
NAMES = [f"{area}.{verb}.rate" for area in _AREAS for verb in _VERBS]
_TYPES = ("system", "application", "business", "application")
_ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/metrics"


@dataclass(frozen=True)
class Shape:
    """An event's number of records, and a record's number of points."""

    records: int
    points: int

    @property
    def event_points(self) -> int:
        """The points of an event."""
        return self.records * self.points


SHAPES: Mapping[str, Shape] = {"100 points a record": Shape(10, 100), "1 point a record": Shape(1000, 1)}


def fleet_points(begin_s: int | None = None, first: int = 0) -> Iterator[dict[str, Any]]:
    """The fleet's points every ten seconds, from the number `first` on; half of the metrics have a device.

    They begin at `begin_s`, in seconds since the epoch, by default ten minutes ago.
    """
    chance = random.Random(7 + first)
    begin_ms = (int(time.time()) - 600 if begin_s is None else begin_s) * 1000
    for number in itertools.count(first):
        tick, series = divmod(number, HOSTS * METRICS)
        host, metric = divmod(series, METRICS)
        dimensions = {
            "host": f"ip-10-20-{host // 8}-{host}.internal",
            "region": ("eu-west-1", "us-east-1")[host // 25],
            "environment": "production",
        }
        if metric % 2:
            dimensions["device"] = f"dev-{metric % 5}"
        yield {
            "metric_name": NAMES[metric],
            "value": round(chance.lognormvariate(3, 2), chance.randint(0, 6)),
            "metric_type": _TYPES[metric % len(_TYPES)],
            "timestamp": begin_ms + tick * 10_000 + host % 10 * 1000,
            "dimensions": dimensions,
        }


def as_plain(data: Any) -> Any:
    """Data as the peers take it: a point, or a list of points."""
    return data


def as_ours(data: Any) -> Any:
    """Data as the API puts it on the stream: a point, or an object that holds a list."""
    return {"metrics": data} if isinstance(data, list) else data


def events(shape: Shape, form: Callable[[Any], Any] = as_plain, count: int = EVENTS) -> list[dict[str, Any]]:
    """So many events of a shape, as an event source mapping hands them to a function."""
    points = list(itertools.islice(fleet_points(), shape.event_points * count))
    data: Sequence[Any] = points
    if shape.points > 1:
        data = [points[start : start + shape.points] for start in range(0, len(points), shape.points)]
    formed = [form(one) for one in data]
    return [_event(formed[start : start + shape.records]) for start in range(0, len(formed), shape.records)]


def first_event(form: Callable[[Any], Any] = as_plain) -> dict[str, Any]:
    """An event of one point, for a cold start."""
    return _event([form(next(fleet_points()))])


def _event(data: Sequence[Any]) -> dict[str, Any]:
    return {"Records": [_record(position, one) for position, one in enumerate(data)]}


def _record(position: int, data: Any) -> dict[str, Any]:
    sequence = f"4959{position:052d}"
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": f"json/-/request{position}=",
            "sequenceNumber": sequence,
            "data": base64.b64encode(json.dumps(data, separators=(",", ":")).encode()).decode(),
            "approximateArrivalTimestamp": time.time(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/r",
        "awsRegion": "eu-west-1",
        "eventSourceARN": _ARN,
    }
