"""What cannot be stored, kept with its reason: the port, and the lines that people read."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from handlers.domain.ingest.body import NotFinite
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.violation import Violation


class Quarantine(Protocol):
    """Keeps objects; writing a key again replaces what was there."""

    def put(self, key: str, body: bytes) -> None:
        """Raises `TransientError` or `ConfigurationError` unless the object is safely there."""
        ...


@dataclass(slots=True)
class Refused:
    """One metric set aside, or a whole record when no metric can be told from it."""

    record: StreamRecord
    index: int
    violation: Violation
    payload: Any


def whole_record(record: StreamRecord, violation: Violation) -> Refused:
    """A record that cannot be read counts as one point, and its bytes are kept as they came."""
    return Refused(record, 0, violation, {"base64": base64.b64encode(record.data).decode()})


def object_key(records: Iterable[StreamRecord]) -> str:
    """The same records give the same key, so a retried batch replaces its own object."""
    ordered = sorted(records, key=lambda record: record.sequence)
    first, last = ordered[0], ordered[-1]
    arrived = datetime.fromtimestamp(first.arrival_ms / 1000, UTC)
    folder = f"quarantine/date={arrived:%Y-%m-%d}/hour={arrived:%H}"
    return f"{folder}/{first.shard}-{first.sequence}-{last.sequence}.jsonl"


def json_lines(refused: Iterable[Refused]) -> bytes:
    """One line of ASCII JSON each: whatever a client wrote, it cannot break out of its line."""
    return "".join(_line(item) + "\n" for item in refused).encode()


def _line(item: Refused) -> str:
    arrived = datetime.fromtimestamp(item.record.arrival_ms / 1000, UTC)
    line = {
        "request_id": item.record.request_id,
        "index": item.index,
        "client": item.record.client,
        "arrived_at": arrived.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "reason": item.violation.reason,
        "field": item.violation.field,
        "message": item.violation.message,
        "payload": item.payload,
    }
    return json.dumps(line, default=_as_written, separators=(",", ":"))


def _as_written(value: object) -> str:
    if isinstance(value, NotFinite):
        return value.literal
    raise TypeError(f"no JSON for {type(value).__name__}")
