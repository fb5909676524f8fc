"""Batches that an event source mapping gave up: invocation records of Lambda, each with the whole event.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, islice
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


def writer_batches(s3: Any, bucket: str, writer: str, *, most: int) -> list[str]:
    """The keys of batches that the metric writer, or the one of an earlier stack, gave up; at most so many.

    A folder holds the batches of one event source mapping, so the first of each tells whose they are. Raises
    OperatorError if the bucket cannot be read.
    """
    keys: list[str] = []
    with refusals("cannot read the quarantine"):
        for folder in folders(s3, bucket, QUARANTINED_BATCHES):
            pages = listing(s3, bucket, Prefix=folder)
            found = (entry["Key"] for page in pages for entry in page.get("Contents", []))
            first = next(found, None)
            batch = read_batch(s3, bucket, first) if first else None
            if first and (batch is None or batch.function == writer or WRITER in batch.function):
                keys += islice(chain([first], found), most - len(keys))
    return keys


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
