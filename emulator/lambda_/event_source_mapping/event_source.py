"""What an event source mapping reads: records of a shard, in order, shaped for the function's event."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One record; `event` is its JSON inside the function's event."""

    sequence: str
    partition_key: str
    arrival: float
    event: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """What one read gave: records, where to read on (None: the shard has ended), and whether that was all for now."""

    records: Sequence[SourceRecord]
    next_position: str | None
    caught_up: bool


class SourceUnavailableError(Exception):
    """The source did not answer or refused; reading again later may help."""


class EventSource(Protocol):
    """A stream with shards. Kinesis is one; a table's stream has the same shape."""

    @property
    def arn(self) -> str:
        """The ARN that events and invocation records name."""

    @property
    def batch_info_key(self) -> str:
        """Return what an invocation record calls this kind of source's batch."""

    def shards(self) -> Sequence[str]:
        """The ids of the shards that may be read now; a child's only once its parents have ended."""

    def position(self, shard: str, after: str | None) -> str:
        """Return where to read on after a sequence number, or where the mapping starts."""

    def read(self, shard: str, position: str) -> Page:
        """The next records."""

    def finished(self, shard: str) -> None:
        """Take note that a shard was read to its end."""


def event_of(records: Sequence[SourceRecord]) -> bytes:
    """The event that a function gets for these records."""
    return b'{"Records":[' + b",".join(record.event for record in records) + b"]}"
