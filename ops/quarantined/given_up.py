"""The account of what was given up whole: the metric writer's points, which are missing, and others', which are not."""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from handlers.vocabulary import HEARTBEAT
from ops.output import counted, sanitize
from ops.points.counter import PointCounter
from ops.quarantined.batches import Batch, batches_by_function, is_writer, read_batch

AGGREGATOR = "WindowAggregator"
"""A part of every window aggregator's name, as `WRITER` is of a writer's."""
_LISTED = 10_000
_READ = 50
# What is missing where the batches of a function were given up.
_MISSING = {
    AGGREGATOR: "no point is missing, but alerts have not seen those in them",
    "RuleChanges": "no point is missing; the next evaluation ended the alerts of those rules",
}


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Batches that were given up: the metric writer's with the points in them, and the number of others' by function.

    `uncounted` batches of the writer were not read for their points.
    """

    points: int = 0
    objects: tuple[str, ...] = ()
    uncounted: int = 0
    others: Mapping[str, int] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """A line for the points that are missing, and one for each other function."""
        if self.objects:
            more = f" in the first {len(self.objects) - self.uncounted} of them" if self.uncounted else ""
            yield f"{_batches(len(self.objects))} given up whole, {counted(self.points, 'point')}{more}"
        yield from self.other_lines()

    def other_lines(self) -> Iterator[str]:
        """A line for each function whose batches hold no point that is missing."""
        for function, number in self.others.items():
            name = next((part for part in _MISSING if part in function), function)
            yield f"{_batches(number)} given up by {sanitize(name)}: {_MISSING.get(name, 'no point is missing')}"


def read_given_up(
    s3: Any, bucket: str, writer: str, *, most: int = _READ, settled: Set[str] = frozenset()
) -> GivenUp:
    """The batches in the bucket, of which at most so many of the writer's are read for their points.

    Points of requests that are `settled` are accounted for elsewhere, and not counted. A folder holds the batches of
    one event source mapping, so the first of each tells whose they are; one that is no batch is taken for the writer's.
    Raises OperatorError if the bucket cannot be read.
    """
    objects: list[str] = []
    others: dict[str, int] = {}
    for function, entries in batches_by_function(s3, bucket):
        keys = [entry["Key"] for entry in islice(entries, _LISTED)]
        if is_writer(function, writer):
            objects += keys
        elif keys:
            others[function] = others.get(function, 0) + len(keys)
    counter = PointCounter()
    batches = [batch for key in objects[:most] if (batch := read_batch(s3, bucket, key)) is not None]
    return GivenUp(
        sum(
            points
            for batch in batches
            for name, points in points_by_request(batch, counter)
            if name not in settled
        ),
        tuple(f"s3://{bucket}/{key}" for key in objects),
        max(0, len(objects) - most),
        others,
    )


def points_by_request(batch: Batch, counter: PointCounter) -> Iterator[tuple[str, int]]:
    """The id of each record's request in a batch with the points in it."""
    for record in json.loads(batch.event).get("Records", []):
        kinesis = record["kinesis"]
        key = kinesis["partitionKey"]
        format_ = key.partition("/")[0]
        if format_ == HEARTBEAT:
            continue  # which holds no point
        yield key.split("/", 2)[-1], counter.points_in(format_, b64decode(kinesis["data"]))


def _batches(number: int) -> str:
    return f"{number} batch{'' if number == 1 else 'es'}"
