"""Batches that an event source mapping gave up: invocation records of Lambda, each with the whole event.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from handlers.vocabulary import QUARANTINED_BATCHES
from ops.errors import refusals
from ops.quarantined.bucket import folders, listing, object_body

WRITER = "MetricWriter"
"""A part of every metric writer's name, which CloudFormation makes of the stack's and the resource's."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it was given up: by which function, since when, why, and the event as JSON."""

    key: str
    function: str
    given_up_at: str
    condition: str
    event: str

    @property
    def requests(self) -> list[str]:
        """The ids of the requests in it."""
        records = json.loads(self.event).get("Records", [])
        keys = [str(record.get("kinesis", {}).get("partitionKey", "")) for record in records]
        return [key.split("/", 2)[-1] for key in keys]


def writer_batches(s3: Any, bucket: str, writer: str) -> Iterator[Mapping[str, Any]]:
    """The listed batches that the metric writer, or the one of an earlier stack, gave up; in each shard by time.

    OperatorError if the bucket cannot be read.
    """
    for function, entries in batches_by_function(s3, bucket):
        if is_writer(function, writer):
            yield from entries


def is_writer(function: str, writer: str) -> bool:
    """True for the name of the metric writer, or of an earlier stack's; what is no batch is taken for its."""
    return function in {writer, ""} or WRITER in function


def batches_by_function(s3: Any, bucket: str) -> Iterator[tuple[str, Iterator[Mapping[str, Any]]]]:
    """The listed batches of each event source mapping, and the name of its function before them.

    A folder holds the batches of one mapping, so the first of each tells whose they are. OperatorError likewise.
    """
    with refusals("cannot read the quarantine"):
        every = folders(s3, bucket, QUARANTINED_BATCHES)
    for folder in every:
        entries = _entries(s3, bucket, folder)
        first = next(entries, None)
        if first is not None:
            batch = read_batch(s3, bucket, first["Key"])
            yield batch.function if batch else "", chain([first], entries)


def _entries(s3: Any, bucket: str, folder: str) -> Iterator[Mapping[str, Any]]:
    with refusals("cannot read the quarantine"):
        for page in listing(s3, bucket, Prefix=folder):
            yield from page.get("Contents", [])


def read_batch(s3: Any, bucket: str, key: str) -> Batch | None:
    """A batch, up to 6 MB of it; None if the object is gone or holds none."""
    with refusals("cannot read the quarantine"):
        body = object_body(s3, bucket, key)
    try:
        record: Mapping[str, Any] = json.loads(body)
        context = record["requestContext"]
        event = record["payload"]
        json.loads(event)
        return Batch(
            key=key,
            function=str(context["functionArn"]).partition(":function:")[2].partition(":")[0],
            given_up_at=str(record["timestamp"]),
            condition=str(context["condition"]),
            event=event,
        )
    except (ValueError, KeyError, TypeError):
        return None
