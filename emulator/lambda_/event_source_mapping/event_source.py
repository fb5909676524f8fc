"""The port of an event source mapping to its stream: records of a shard, in order, shaped for the event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One record; `event` is its JSON inside the function's event."""

    sequence: str
    partition_key: str
    arrival_s: float
    event: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """The records of one read, the next position (None: the shard has ended), and if that was all for now."""

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
        """The member of an invocation record that describes a batch of this kind of source."""

    def shards(self) -> Sequence[str]:
        """The ids of the shards that may be read now; a child's only once its parents have ended."""

    def position(self, shard: str, after: str | None) -> str:
        """The position after a sequence number, or that at which the mapping starts."""

    def read(self, shard: str, position: str) -> Page:
        """The next records."""

    def finished(self, shard: str) -> None:
        """Take note that a shard was read to its end."""


def call(client: Any, operation: str, stream: str, **arguments: Any) -> Mapping[str, Any]:
    """The answer of a stream's service; SourceUnavailableError when it refuses or is not there."""
    try:
        answer: Mapping[str, Any] = getattr(client, operation)(**arguments)
    except (BotoCoreError, ClientError) as error:
        raise SourceUnavailableError(f"{operation} on {stream}: {error}") from error
    return answer


def event_of(records: Sequence[SourceRecord]) -> bytes:
    """The event that a function gets for these records."""
    return b'{"Records":[' + b",".join(record.event for record in records) + b"]}"
