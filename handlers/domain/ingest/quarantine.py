"""The quarantine of what cannot be stored: the port, and the lines that say why."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from handlers.domain.ingest.envelope import RedrivenRecord, StreamRecord
from handlers.domain.ingest.validator import NotFinite
from handlers.domain.violation import Violation
from handlers.vocabulary import QUARANTINED_POINTS

# Deeper is no metric of anybody's, and Python reads some 900 levels, fewer the more calls are under way.
_LEVELS = 100


class Quarantine(Protocol):
    """Keeps objects; writing a key again replaces what was there."""

    def put(self, key: str, body: bytes) -> None:
        """Raises `TransientError` or `ConfigurationError` unless the object is safely there."""


@dataclass(slots=True)
class QuarantinedPoint:
    """One point with the rule that it breaks, or a whole record when no point can be told from it."""

    record: StreamRecord
    index: int
    violation: Violation
    payload: object


def quarantined_record(record: StreamRecord, violation: Violation) -> QuarantinedPoint:
    """A record of which no point can be told: it counts as one, and its bytes are kept as they came."""
    return QuarantinedPoint(record, 0, violation, {"base64": base64.b64encode(record.as_it_came).decode()})


def object_key(records: Iterable[StreamRecord]) -> str:
    """The key of a batch's object: the same for the same records, so that a retried batch replaces its own object.

    It lies in the hour of the last arrival: whoever looks for what arrived since a time need not look before it.
    """
    ordered = sorted(records, key=lambda record: record.sequence)
    first, last = ordered[0], ordered[-1]
    arrived = datetime.fromtimestamp(last.arrival_ms / 1000, UTC)
    folder = f"{QUARANTINED_POINTS}date={arrived:%Y-%m-%d}/hour={arrived:%H}"
    return f"{folder}/{first.shard}-{first.sequence}-{last.sequence}.jsonl"


def json_lines(points: Iterable[QuarantinedPoint]) -> bytes:
    """One line of ASCII JSON for each: whatever a client wrote, it cannot break out of its line."""
    return "".join(_line(point) + "\n" for point in points).encode()


def _line(point: QuarantinedPoint) -> str:
    record = point.record
    first = record.first if isinstance(record, RedrivenRecord) else record
    line = {
        "request_id": record.request_id,
        "index": point.index,
        "client": record.client,
        "format": first.format,
        "arrived_at": _moment(record.arrival_ms),
        "sequence": str(first.sequence),
        "reason": point.violation.reason,
        "field": point.violation.field,
        "message": point.violation.message,
        "payload": point.payload,
    }
    if isinstance(record, RedrivenRecord):
        line |= {"attempt": record.attempt, "first_arrived_at": _moment(first.arrival_ms)}
    if _is_deep(point.payload):
        line["payload"] = {"base64": base64.b64encode(record.as_it_came).decode()}
    return json.dumps(line, default=_as_written, separators=(",", ":"))


def _is_deep(value: object) -> bool:
    """True for lists within lists that some reader of the line, whose stack is not the writer's, would not read."""
    layer = [value]
    for _ in range(_LEVELS):
        layer = [inner for outer in layer for inner in _inner(outer)]
        if not layer:
            return False
    return True


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _moment(epoch_ms: int) -> str:
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _as_written(value: object) -> str:
    if isinstance(value, NotFinite):
        return value.literal
    raise TypeError(f"no JSON for {type(value).__name__}")
