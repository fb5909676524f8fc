"""The quarantine of what cannot be stored: the port, and the lines that say why."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.validator import NotFinite
from handlers.domain.violation import Violation
from handlers.vocabulary import QUARANTINED_POINTS


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
    return QuarantinedPoint(record, 0, violation, {"base64": base64.b64encode(record.data).decode()})


def object_key(records: Iterable[StreamRecord]) -> str:
    """The key of a batch's object: the same for the same records, so that a retried batch replaces its own object."""
    ordered = sorted(records, key=lambda record: record.sequence)
    first, last = ordered[0], ordered[-1]
    arrived = datetime.fromtimestamp(first.arrival_ms / 1000, UTC)
    folder = f"{QUARANTINED_POINTS}date={arrived:%Y-%m-%d}/hour={arrived:%H}"
    return f"{folder}/{first.shard}-{first.sequence}-{last.sequence}.jsonl"


def json_lines(points: Iterable[QuarantinedPoint]) -> bytes:
    """One line of ASCII JSON for each: whatever a client wrote, it cannot break out of its line."""
    return "".join(_line(point) + "\n" for point in points).encode()


def _line(point: QuarantinedPoint) -> str:
    arrived = datetime.fromtimestamp(point.record.arrival_ms / 1000, UTC)
    line = {
        "request_id": point.record.request_id,
        "index": point.index,
        "client": point.record.client,
        "format": point.record.format,
        "arrived_at": arrived.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "reason": point.violation.reason,
        "field": point.violation.field,
        "message": point.violation.message,
        "payload": point.payload,
    }
    try:
        return json.dumps(line, default=_as_written, separators=(",", ":"))
    except RecursionError:
        # Lists within lists as deep as the decoder goes; what is no deeper was refused as well.
        as_it_came = {"base64": base64.b64encode(point.record.data).decode()}
        return json.dumps({**line, "payload": as_it_came}, separators=(",", ":"))


def _as_written(value: object) -> str:
    if isinstance(value, NotFinite):
        return value.literal
    raise TypeError(f"no JSON for {type(value).__name__}")
