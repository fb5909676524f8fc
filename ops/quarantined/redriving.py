"""Quarantined points made ready to be sent again: with the time of their first arrival, and held against the rules."""

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handlers.domain.ingest.envelope import REDRIVEN_FORMATS
from handlers.domain.ingest.units import UNITS_NS, unit_of
from handlers.domain.timestamp import NS_PER_S, read_timestamp, timestamp_text
from handlers.domain.violation import Reason, Violation
from ops.points.bodies import stamped
from ops.points.rules import Fault, PointRules
from ops.quarantined.points import QuarantinedPoint

_PLACE_BYTES = 30
# Of requests that a later version reads.
_OF_BODIES = frozenset({Reason.FORMAT_UNKNOWN, Reason.PROCESSING_FAILED})
# The partition key, and the line before the body, whose ids have 256 characters at most.
_BESIDE_BODY_KIB = 2

EMPTY_DIMENSIONS = "empty-dimensions"
SECONDS = "seconds"
FIXES = {
    SECONDS: "times in seconds are read as such",
    EMPTY_DIMENSIONS: "dimensions without a value are left out",
}


@dataclass(frozen=True, slots=True)
class Ready:
    """A point, and the metric that is sent for it, or the whole body that it stands for."""

    point: QuarantinedPoint
    metric: object
    body: bytes | None = None

    @property
    def size(self) -> int:
        """The bytes that it takes in a body, about."""
        return len(self.body or json.dumps(self.metric)) + _PLACE_BYTES


@dataclass(frozen=True, slots=True)
class Kept:
    """A point that is not sent, as it would be quarantined or refused again for breaking this rule."""

    point: QuarantinedPoint
    violation: Violation


def prepare(
    points: Iterable[QuarantinedPoint], rules: PointRules, fixes: Sequence[str], *, record_kib: int
) -> tuple[list[Ready], list[Kept]]:
    """The points to be sent, the earliest first, in records of so many KiB at most, and those that are kept."""
    ready: list[Ready] = []
    kept: list[Kept] = []
    for point in sorted(points, key=lambda point: (point.arrived_s, point.request_id, point.index)):
        if body := _whole_body(point):
            needed_kib = -(-len(body) // 1024) + _BESIDE_BODY_KIB
            if needed_kib <= record_kib or point.format in REDRIVEN_FORMATS:
                ready.append(Ready(point, None, body))
            else:
                message = (
                    f"a body of {len(body):,} bytes: it is sent again with stream.max_record_kib = {needed_kib}"
                    f" (now {record_kib}), once that is deployed"
                )
                kept.append(Kept(point, Violation(Reason(point.reason), "body", message)))
            continue
        metric = _metric(point, fixes)
        judged = rules.point(metric)
        if isinstance(judged, Fault):
            kept.append(Kept(point, judged.violation))
        else:
            ready.append(Ready(point, metric))
    return ready, kept


def _whole_body(point: QuarantinedPoint) -> bytes:
    """The body that a point stands for, if it may be read by now; empty if it stands for none."""
    payload = point.payload
    if point.reason not in _OF_BODIES or not isinstance(payload, dict) or payload.keys() != {"base64"}:
        return b""
    try:
        return base64.b64decode(str(payload["base64"]), validate=True)
    except ValueError:
        return b""


def _metric(point: QuarantinedPoint, fixes: Sequence[str]) -> object:
    if not isinstance(point.payload, dict):
        return point.payload
    # The time of one that had none is what the writer would have given it, however often the point is sent.
    told_apart_by = str(point.sequence) if point.sequence else point.request_id
    metric = stamped(point.payload, point.first_arrived_s, zlib.crc32(told_apart_by.encode()) + point.index)
    if SECONDS in fixes and point.reason == Reason.TIMESTAMP_TOO_OLD:
        metric["timestamp"] = _from_seconds(metric["timestamp"], point.format)
    dimensions = metric.get("dimensions")
    if EMPTY_DIMENSIONS in fixes and isinstance(dimensions, dict):
        metric["dimensions"] = {name: value for name, value in dimensions.items() if value != ""}
    return metric


def _from_seconds(timestamp: object, body_format: str) -> object:
    """A time whose number was read in the format's unit, read in seconds; a date of our own JSON stays."""
    unit = unit_of(body_format)
    time_ns = read_timestamp(timestamp)
    is_number = isinstance(timestamp, int) or body_format not in {"json", "json-gz"}
    if unit is None or isinstance(time_ns, Violation) or not is_number:
        return timestamp
    return timestamp_text(time_ns // UNITS_NS[unit] * NS_PER_S)
