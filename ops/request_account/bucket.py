"""The parts of a request in the quarantine's bucket: points, notes of those that were sent again, and batches."""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from handlers.vocabulary import QUARANTINED_BATCHES, QUARANTINED_POINTS
from ops.errors import refusals
from ops.points.counter import PointCounter
from ops.quarantined.batches import WRITER, Batch, read_batch
from ops.quarantined.bucket import folders, listing, object_body
from ops.quarantined.given_up import points_by_request
from ops.quarantined.ledger import REDRIVEN
from ops.quarantined.points import QuarantinedPoint, point_of
from ops.request_account.account import GivenUpBatch, Resent

_THREADS = 8
_MOST = 2_000
_MOST_BATCHES = 200
# Clocks of S3, of the door and of the stream differ by no more, and S3 tells whole seconds.
_SLACK_S = 60.0


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The bucket of a deployment, and the name of its metric writer."""

    s3: Any
    bucket: str
    writer: str


def points_of(
    quarantine: Quarantine, request_id: str, *, arrived_s: float, written: tuple[float, float], span_s: float
) -> tuple[list[QuarantinedPoint], bool]:
    """The lines of a request that were set aside between two times, and whether there may be more of them.

    It arrived at `arrived_s`, in seconds of the epoch, or later. An object lies in the hour of one of its requests,
    all of which arrived within `span_s` seconds, and before it was written; a drop writes it again. Raises
    OperatorError if the bucket cannot be read.
    """
    first_s, last_s = written
    with refusals("cannot read the quarantine"):
        entries = [
            entry
            for hour in _hours(quarantine, arrived_s - span_s - _SLACK_S, last_s + _SLACK_S)
            for page in listing(quarantine.s3, quarantine.bucket, Prefix=hour)
            for entry in page.get("Contents", [])
            if entry["LastModified"].timestamp() >= first_s - _SLACK_S
        ]
        entries.sort(key=lambda entry: entry["LastModified"])
        lines = list(
            map(point_of, _lines_with(quarantine, [entry["Key"] for entry in entries[:_MOST]], request_id))
        )
    mine = [point for point in lines if point and point.request_id == request_id]
    # A batch that was tried again in parts may repeat a line.
    found = {(point.index, point.attempt): point for point in sorted(mine, key=lambda point: point.dropped)}
    return [found[key] for key in sorted(found)], len(entries) > _MOST


def last_attempts(points: Iterable[QuarantinedPoint]) -> list[QuarantinedPoint]:
    """Of each index the line of the last attempt, in their order."""
    found = {point.index: point for point in sorted(points, key=lambda point: point.attempt)}
    return [found[index] for index in sorted(found)]


def resent_points(quarantine: Quarantine, points: Sequence[QuarantinedPoint]) -> list[Resent]:
    """The points among these, all of one request, that were sent again, by the request that they went in.

    An attempt that two redrives sent is one point, and counts in the record that has more of the request's points:
    what became of a part of a record's points, its counts do not say.
    """
    if not points:
        return []
    hours = {
        datetime.fromtimestamp(point.arrived_s, UTC).strftime("date=%Y-%m-%d/hour=%H/") for point in points
    }
    attempts = {(point.index, point.attempt) for point in points}
    request_id = points[0].request_id
    sent: dict[str, tuple[float, set[tuple[int, int]]]] = {}
    with refusals("cannot read what was sent again"):
        for hour in sorted(hours):
            pages = listing(quarantine.s3, quarantine.bucket, Prefix=f"{REDRIVEN}{hour}")
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
            for line in _lines_with(quarantine, keys, request_id):
                noted = json.loads(line)
                attempt = (int(noted["index"]), int(noted.get("attempt", 0)))
                if noted["request_id"] == request_id and attempt in attempts:
                    at_s = datetime.fromisoformat(noted["redriven_at"]).timestamp()
                    sent.setdefault(str(noted["sent_as"]), (at_s, set()))[1].add(attempt)
    found = []
    for sent_as, (at_s, some) in sorted(sent.items(), key=lambda one: (-len(one[1][1]), one[1][0], one[0])):
        if own := some & attempts:
            found.append(Resent(sent_as, at_s, tuple(sorted(index for index, _ in own))))
            attempts -= own
    return sorted(found, key=lambda one: (one.at_s, one.indexes))


def batches_of(quarantine: Quarantine, request_id: str, *, since_s: float) -> tuple[list[GivenUpBatch], bool]:
    """The batches with a request that were given up since a time, and whether there may be more of them."""
    counter = PointCounter()
    with refusals("cannot read the batches that were given up"):
        entries = [
            entry
            for page in listing(quarantine.s3, quarantine.bucket, Prefix=QUARANTINED_BATCHES)
            for entry in page.get("Contents", [])
            if entry["LastModified"].timestamp() >= since_s - _SLACK_S
        ]
    newest = sorted(entries, key=lambda entry: entry["LastModified"], reverse=True)[:_MOST_BATCHES]
    with ThreadPoolExecutor(_THREADS) as pool:
        keys = [entry["Key"] for entry in newest]
        batches = pool.map(lambda key: read_batch(quarantine.s3, quarantine.bucket, key), keys)
        found = [
            one
            for batch in batches
            if batch
            for one in _of_request(batch, quarantine.writer, request_id, counter)
        ]
    return found, len(entries) > len(newest)


def _of_request(batch: Batch, writer: str, request_id: str, counter: PointCounter) -> Iterator[GivenUpBatch]:
    if request_id not in batch.requests:
        return
    of_writer = batch.function == writer or WRITER in batch.function
    records = [
        record["kinesis"]["partitionKey"].split("/", 2)
        for record in json.loads(batch.event)["Records"]
        if "kinesis" in record
    ]
    format_, client = next(
        ((parts[0], parts[1]) for parts in records if len(parts) == 3 and parts[2] == request_id), ("", "")
    )
    yield GivenUpBatch(
        key=f"{batch.key}",
        function=batch.function,
        given_up_at=batch.given_up_at,
        condition=batch.condition,
        points=sum(points for name, points in points_by_request(batch, counter) if name == request_id),
        format=format_,
        client=client,
        of_writer=of_writer,
    )


def _hours(quarantine: Quarantine, since_s: float, until_s: float) -> Iterator[str]:
    """The folders of the hours between two times that there are; only these and their days cost a call."""
    first, last = (
        datetime.fromtimestamp(max(moment_s, 0), UTC).strftime(f"{QUARANTINED_POINTS}date=%Y-%m-%d/hour=%H/")
        for moment_s in (since_s, until_s)
    )
    for day in folders(quarantine.s3, quarantine.bucket, QUARANTINED_POINTS):
        if first[: len(day)] <= day <= last:
            yield from (
                hour for hour in folders(quarantine.s3, quarantine.bucket, day) if first <= hour <= last
            )


def _lines_with(quarantine: Quarantine, keys: Sequence[str], request_id: str) -> Iterator[bytes]:
    """The lines of JSON in these objects that may be of a request; of the rest, memory holds a few objects at most."""
    written = json.dumps(request_id).encode()

    def read(key: str) -> list[bytes]:
        body = object_body(quarantine.s3, quarantine.bucket, key)
        return [line for line in body.splitlines() if written in line] if written in body else []

    with ThreadPoolExecutor(_THREADS) as pool:
        yield from chain.from_iterable(pool.map(read, keys))
