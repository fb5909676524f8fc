"""Quarantined points, read from their bucket: the newest first, and never more of it than was asked for."""

import json
import math
from collections.abc import Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from handlers.vocabulary import QUARANTINED_POINTS
from ops.errors import refusals
from ops.quarantined.bucket import newest_entries, object_body
from ops.quarantined.ledger import Attempt, redriven_attempts

JSON = "json"
"""The format of lines that name none: there was no other when they were written."""

_THREADS = 8  # the SDK keeps ten connections


@dataclass(frozen=True, slots=True)
class QuarantinedPoint:
    """A point as its line in the quarantine has it, and whether it was sent again or dropped.

    `sequence` is that of its first record, 0 in lines that do not say it; `attempt` counts how often it had been sent
    again before this line. It arrived first at `first_arrived_s`, and for this attempt at `arrived_s`.
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
    sequence: int = 0
    attempt: int = 0
    first_s: float = 0
    dropped: bool = False

    @property
    def first_arrived_s(self) -> float:
        """The time at which its request arrived, in seconds of the epoch."""
        return self.first_s or self.arrived_s

    @property
    def point_id(self) -> tuple[str, int]:
        """Request and index: they identify the point, however often it is sent."""
        return self.request_id, self.index

    @property
    def waits(self) -> bool:
        """True if it was neither sent again nor dropped."""
        return not (self.redriven or self.dropped)

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


_ALL = Bounds(objects=500, bytes=32 * 2**20)


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
    s3: Any,
    bucket: str,
    *,
    since_s: float,
    span_s: float,
    until_s: float = math.inf,
    bounds: Bounds | None = None,
) -> Reading:
    """The points that arrived between two times (seconds of the epoch), the newest ones if the bounds end it.

    An object lies in the hour of its last request, and the first one in it arrived at most `span_s` seconds before, as
    the stream gives up what is older. Raises OperatorError if the bucket cannot be read.
    """
    with refusals("cannot read the quarantine"):
        entries = newest_entries(s3, bucket, QUARANTINED_POINTS, since_s=since_s, until_s=until_s + span_s)
        keys, full = _within(entries, bounds or Bounds())
        truncated = full and next(entries, None) is not None
        noted = redriven_attempts(s3, bucket, since_s=since_s) if keys else set()
    return replace(_read(s3, bucket, keys, noted, since_s, until_s), truncated=truncated)


def read_all_points(
    s3: Any, bucket: str, *, since_s: float, span_s: float, until_s: float = math.inf
) -> Iterator[Reading]:
    """All points between two times, the oldest first, as many at once as memory holds. OperatorError likewise."""
    with refusals("cannot read the quarantine"):
        newest_first = newest_entries(
            s3, bucket, QUARANTINED_POINTS, since_s=since_s, until_s=until_s + span_s
        )
        entries = iter(list(newest_first)[::-1])
        noted = redriven_attempts(s3, bucket, since_s=since_s)
    more = True
    while more:
        keys, more = _within(entries, _ALL)
        yield _read(s3, bucket, keys, noted, since_s, until_s)


def _read(
    s3: Any, bucket: str, keys: Sequence[str], noted: Set[Attempt], since_s: float, until_s: float
) -> Reading:
    with refusals("cannot read the quarantine"), ThreadPoolExecutor(_THREADS) as pool:
        bodies = list(pool.map(lambda key: object_body(s3, bucket, key), keys))
    found: dict[tuple[str, int], QuarantinedPoint] = {}
    foreign = 0
    for body in bodies:
        for line in body.splitlines():
            point = point_of(line)
            if point is None:
                foreign += 1
            elif since_s <= point.arrived_s <= until_s:
                # A batch that was tried again in parts may repeat a line; of a point's attempts the last one counts,
                # and of its lines the one that was dropped.
                known = found.get(point.point_id)
                if known is None or (known.attempt, known.dropped) < (point.attempt, point.dropped):
                    redriven = (*point.point_id, point.attempt) in noted
                    found[point.point_id] = replace(point, redriven=redriven)
    newest_first = sorted(found.values(), key=lambda point: (-point.arrived_s, point.request_id, point.index))
    return Reading(newest_first, truncated=False, foreign=foreign)


def grouped(points: Sequence[QuarantinedPoint], by: str) -> list[Group]:
    """The points by "reason", "client", "format" or "metric", the largest group first; `points` are newest first."""
    groups: dict[str, list[QuarantinedPoint]] = {}
    for point in points:
        groups.setdefault(getattr(point, by), []).append(point)
    every = [Group(value, len(some), some[0]) for value, some in groups.items()]
    return sorted(every, key=lambda group: (-group.points, group.value))


def _within(entries: Iterator[dict[str, Any]], bounds: Bounds) -> tuple[list[str], bool]:
    """The keys of the next objects within the bounds, at least one, and whether there may be more."""
    keys: list[str] = []
    size = 0
    for entry in entries:
        keys.append(entry["Key"])
        size += entry["Size"]
        if len(keys) >= bounds.objects or size >= bounds.bytes:
            return keys, True
    return keys, False


def point_of(line: bytes) -> QuarantinedPoint | None:
    """The point of a line in the quarantine; None for one that the metric writer did not write."""
    try:
        given = json.loads(line)
        return QuarantinedPoint(
            request_id=str(given["request_id"]),
            index=int(given["index"]),
            client=str(given["client"]),
            arrived_s=_seconds(given["arrived_at"]),
            reason=str(given["reason"]),
            field=str(given["field"]),
            message=str(given["message"]),
            payload=given["payload"],
            format=str(given.get("format", JSON)),
            sequence=int(given.get("sequence", 0)),
            attempt=int(given.get("attempt", 0)),
            first_s=_seconds(given["first_arrived_at"]) if "first_arrived_at" in given else 0,
            dropped="dropped" in given,
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
