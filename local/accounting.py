"""Counts of where accepted points ended: by SQL on the store and by listing the quarantine, not by the sender."""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping, Set
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from handlers.domain.violation import Reason
from ops.points.counter import PointCounter
from ops.quarantined.ledger import redriven_attempts
from ops.store.port import Store


@dataclass(frozen=True, slots=True)
class PointCounts:
    """Points by where they are. `accepted` counts points of accepted requests.

    `given_up` counts those of batches that the writer did not get through in time, and that are nowhere else.
    """

    accepted: int
    stored: int
    superseded: int
    quarantined: int
    given_up: int = 0

    @property
    def unaccounted(self) -> int:
        """Accepted points that are nowhere (negative: points that were never accepted)."""
        return self.accepted - self.stored - self.superseded - self.quarantined - self.given_up

    def __sub__(self, other: "PointCounts") -> "PointCounts":
        """The points that came since `other` was counted."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return PointCounts(*(now - before for now, before in pairs))


def stored_points(store: Store) -> int:
    """Points that a query sees; OperatorError when the store refuses to say."""
    return _count(store, store.points)


def superseded_points(store: Store) -> int:
    """Versions of points that the store keeps and that do not count; OperatorError likewise."""
    return _count(store, store.superseded)


def superseded_when_written(log: Path, sent_twice: Set[str] = frozenset()) -> int:
    """Points that a later version was there before, by the lines of a metric writer's log.

    A request that was settled twice counts as it was when most of it was stored: what was stored once and corrected
    since, the store has counted. Records of a redrive that were `sent_twice` hold points of another record.
    """
    held: dict[str, list[int]] = {}
    for requests in _settled(log):
        for name, counts in requests.items():
            if name not in held or counts[1] > held[name][1]:
                held[name] = counts
    return sum(superseded for name, (_, _, superseded, *_) in held.items() if name not in sent_twice)


def settled_requests(log: Path) -> Set[str]:
    """The requests that a metric writer's log accounts for; none if there is no log yet."""
    return frozenset(name for requests in _settled(log) for name in requests) if log.exists() else frozenset()


def _settled(log: Path) -> Iterator[dict[str, list[int]]]:
    """The accounts of requests in each line of a metric writer's log that has some and is whole."""
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("{") and line.endswith("\n") and '"requests":{' in line:
                yield json.loads(line)["requests"]


def newest_point_ms(store: Store) -> int | None:
    """Time of the last minutes' newest point that a query sees, in epoch milliseconds; None when there is none."""
    sql = f"SELECT max(time) FROM {store.points} WHERE {store.since('5m')}"  # noqa: S608 - our own names
    _, rows = store.select(sql)
    [[newest]] = rows
    if newest is None:
        return None
    return round(datetime.fromisoformat(newest[:23]).replace(tzinfo=UTC).timestamp() * 1000)


def _count(store: Store, relation: str) -> int:
    _, rows = store.select(f"SELECT count(*) FROM {relation}")  # noqa: S608 - our own names
    [[count]] = rows
    return int(count)


def quarantined_points(s3: Any, bucket: str) -> int:
    """Distinct points in the quarantine: a batch that was tried again in parts may name one twice.

    What was sent again is accounted for where it ended: as stored, or as superseded, or here again by a later attempt.
    A request that lies there whole, as the writer failed on it, counts with all of its points.
    """
    noted = redriven_attempts(s3, bucket, since_s=0)
    seen: set[tuple[str, Any]] = set()
    whole: dict[str, int] = {}
    counter = PointCounter()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="quarantine/")
    for page in pages:
        for entry in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            for line in body.splitlines():
                record = json.loads(line)
                point = (record["request_id"], record["index"])
                if (*point, record.get("attempt", 0)) in noted:
                    continue
                seen.add(point)
                if _is_whole(record):
                    data = b64decode(record["payload"]["base64"])
                    whole[record["request_id"]] = counter.points_in(record["format"], data)
    return sum(whole.values()) + sum(1 for request, _ in seen if request not in whole)


def _is_whole(line: Mapping[str, Any]) -> bool:
    """True for a line of the quarantine that stands for a request which may well be read, by another version."""
    payload = line.get("payload")
    failed = line.get("reason") == Reason.PROCESSING_FAILED
    return failed and isinstance(payload, dict) and payload.keys() == {"base64"}
