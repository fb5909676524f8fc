"""Quarantined points, read from their bucket: the newest first, and never more of it than was asked for."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from handlers.vocabulary import QUARANTINED_POINTS
from ops.errors import refusals
from ops.quarantined.bucket import newest_entries, object_body
from ops.quarantined.ledger import redriven_points

JSON = "json"
"""The format of lines that name none: there was no other when they were written."""

_THREADS = 8  # the SDK keeps ten connections


@dataclass(frozen=True, slots=True)
class QuarantinedPoint:
    """A point as its line in the quarantine has it, and whether it was sent again; `(request_id, index)` identifies it.

    Everything but `reason` and the times may hold what a client wrote: it is hostile text.
    """

    request_id: str
    index: int
    client: str
    arrived_s: float
    reason: str
    field: str
    message: str
    payload: object
    format: str = JSON
    redriven: bool = False

    @property
    def metric(self) -> str:
        """The metric's name, empty if no name can be told."""
        name = self.payload.get("metric_name") if isinstance(self.payload, dict) else None
        return name if isinstance(name, str) else ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that one reading fetches."""

    objects: int = 2_000
    bytes: int = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Reading:
    """The points found, newest first, each once, and whether the bounds left older ones out.

    `foreign` counts lines that are none of the metric writer's.
    """

    points: Sequence[QuarantinedPoint]
    truncated: bool
    foreign: int


@dataclass(frozen=True, slots=True)
class Group:
    """Points that have a reason, a client, a format or a metric in common; `newest` is one of them."""

    value: str
    points: int
    newest: QuarantinedPoint


def read_points(
    s3: Any, bucket: str, *, since_s: float, span_s: float, bounds: Bounds | None = None
) -> Reading:
    """The points that arrived since a time (seconds of the epoch).

    An object lies in the hour of its first request; the last one in it arrived at most `span_s` seconds later, as
    the stream gives up what is older. Raises OperatorError if the bucket cannot be read.
    """
    with refusals("cannot read the quarantine"):
        keys, truncated = _newest_keys(s3, bucket, since_s, span_s, bounds or Bounds())
        with ThreadPoolExecutor(_THREADS) as pool:
            bodies = list(pool.map(lambda key: object_body(s3, bucket, key), keys))
        redriven = redriven_points(s3, bucket, since_s=since_s) if keys else set()
    found: dict[tuple[str, int], QuarantinedPoint] = {}
    foreign = 0
    for body in bodies:
        for line in body.splitlines():
            point = point_of(line)
            if point is None:
                foreign += 1
            elif point.arrived_s >= since_s:
                point_id = (point.request_id, point.index)
                # A batch that was tried again in parts may repeat a line.
                found.setdefault(point_id, replace(point, redriven=point_id in redriven))
    newest_first = sorted(found.values(), key=lambda point: (-point.arrived_s, point.request_id, point.index))
    return Reading(newest_first, truncated, foreign)


def grouped(points: Sequence[QuarantinedPoint], by: str) -> list[Group]:
    """The points by "reason", "client", "format" or "metric", the largest group first; `points` are newest first."""
    groups: dict[str, list[QuarantinedPoint]] = {}
    for point in points:
        groups.setdefault(getattr(point, by), []).append(point)
    every = [Group(value, len(some), some[0]) for value, some in groups.items()]
    return sorted(every, key=lambda group: (-group.points, group.value))


def _newest_keys(
    s3: Any, bucket: str, since_s: float, span_s: float, bounds: Bounds
) -> tuple[list[str], bool]:
    """The keys of the newest objects within the bounds, and whether there are more."""
    keys: list[str] = []
    size = 0
    for entry in newest_entries(s3, bucket, QUARANTINED_POINTS, since_s=since_s, span_s=span_s):
        size += entry["Size"]
        if len(keys) == bounds.objects or (size > bounds.bytes and keys):
            return keys, True
        keys.append(entry["Key"])
    return keys, False


def point_of(line: bytes) -> QuarantinedPoint | None:
    """The point of a line in the quarantine; None for one that the metric writer did not write."""
    try:
        given = json.loads(line)
        return QuarantinedPoint(
            request_id=str(given["request_id"]),
            index=int(given["index"]),
            client=str(given["client"]),
            arrived_s=datetime.fromisoformat(given["arrived_at"]).timestamp(),
            reason=str(given["reason"]),
            field=str(given["field"]),
            message=str(given["message"]),
            payload=given["payload"],
            format=str(given.get("format", JSON)),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
