"""Quarantined points made ready to be sent again: with the time at which they arrived, and held against the rules."""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from handlers.domain.violation import Reason, Violation
from ops.points.rules import Fault, PointRules
from ops.quarantined.points import QuarantinedPoint

EMPTY_DIMENSIONS = "empty-dimensions"
SECONDS = "seconds"
FIXES = {
    SECONDS: "times in seconds become milliseconds",
    EMPTY_DIMENSIONS: "dimensions without a value are left out",
}

_BODY_POINTS = 500
_BODY_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Ready:
    """A point, and the metric that is sent for it."""

    point: QuarantinedPoint
    metric: object


@dataclass(frozen=True, slots=True)
class Kept:
    """A point that is not sent, as it would be quarantined or refused again for breaking this rule."""

    point: QuarantinedPoint
    violation: Violation


def prepare(
    points: Iterable[QuarantinedPoint], rules: PointRules, fixes: Sequence[str]
) -> tuple[list[Ready], list[Kept]]:
    """The points to be sent, the earliest first, and those that are kept."""
    ready: list[Ready] = []
    kept: list[Kept] = []
    for point in sorted(points, key=lambda point: (point.arrived_s, point.request_id, point.index)):
        metric = _metric(point, fixes)
        judged = rules.point(metric)
        if isinstance(judged, Fault):
            kept.append(Kept(point, judged.violation))
        else:
            ready.append(Ready(point, metric))
    return ready, kept


def bodies(ready: Iterable[Ready]) -> Iterator[tuple[bytes, list[Ready]]]:
    """Bodies of requests, each with the points in it; none is near what a request may hold."""
    some: list[Ready] = []
    size = 0
    for one in ready:
        more = len(_json(one.metric))
        if some and (len(some) == _BODY_POINTS or size + more > _BODY_BYTES):
            yield _body(some), some
            some, size = [], 0
        some.append(one)
        size += more
    if some:
        yield _body(some), some


def _body(some: Sequence[Ready]) -> bytes:
    return _json({"metrics": [one.metric for one in some]})


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _metric(point: QuarantinedPoint, fixes: Sequence[str]) -> object:
    if not isinstance(point.payload, dict):
        return point.payload
    metric = dict(point.payload)
    if "timestamp" not in metric:
        metric["timestamp"] = _arrival(point)
    elif (
        SECONDS in fixes and point.reason == Reason.TIMESTAMP_TOO_OLD and isinstance(metric["timestamp"], int)
    ):
        metric["timestamp"] *= 1000
    dimensions = metric.get("dimensions")
    if EMPTY_DIMENSIONS in fixes and isinstance(dimensions, dict):
        metric["dimensions"] = {name: value for name, value in dimensions.items() if value != ""}
    return metric


def _arrival(point: QuarantinedPoint) -> str:
    """The time of a point that had none: its arrival, with nanoseconds that keep its neighbours apart.

    It is the same however often the point is sent, so that it is stored once.
    """
    moment = datetime.fromtimestamp(point.arrived_s, UTC)
    offset_ns = (zlib.crc32(point.request_id.encode()) + point.index) % 1_000_000
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}{offset_ns:06}Z"
