"""A shard as Kinesis keeps it, put in the place of moto's.

moto's own is not safe for concurrent writers, takes longer for each record it holds, never lets a record expire,
numbers records 1, 2, 3 in every shard, and moves the records of a split shard to its children.
"""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import moto.kinesis.models as moto_kinesis

from emulator.moto.clock import local_now

Record = moto_kinesis.Record

_READ_LIMIT_BYTES = 10 * 1024 * 1024


class LocalShard(moto_kinesis.Shard):
    """Records in the order they came, each under a sequence number of AWS's shape: 56 digits, growing."""

    def __init__(self, *arguments: Any, **names: Any) -> None:
        self._lock = threading.Lock()
        self._kept: list[Any] = []
        self._numbers: list[int] = []
        self._created = int(local_now())
        self._issued = 0
        self._last_number = 0
        super().__init__(*arguments, **names)

    @property
    def records(self) -> Mapping[int, Any]:
        """Return nothing: moto looks here for records to move when it closes a shard, and they stay where they are."""
        return MappingProxyType({})

    @records.setter
    def records(self, value: object) -> None:
        """Keep what is kept; moto sets this when it makes or closes a shard."""

    def put_record(self, partition_key: str, data: str, explicit_hash_key: str) -> str:
        """Append a record and return its sequence number."""
        with self._lock:
            self._issued += 1
            number = self._number(self._issued, int(local_now()))
            self._kept.append(Record(partition_key, data, number, explicit_hash_key))
            self._numbers.append(number)
            self._last_number = number
            return str(number)

    def get_records(self, last_sequence_id: int | str, limit: int | None) -> tuple[list[Any], int, int]:
        """The records after a sequence number, the last one's number, and how many ms they lie back."""
        last = int(last_sequence_id)
        with self._lock:
            start = bisect_right(self._numbers, last)
            found: list[Any] = []
            size = 0
            for record in self._kept[start : start + (limit or 10_000)]:
                size += size_of(record.data, record.partition_key)
                if found and size > _READ_LIMIT_BYTES:
                    break
                found.append(record)
            rest = start + len(found)
            behind = local_now() - self._kept[rest].created_at if rest < len(self._kept) else 0.0
        return found, (found[-1].sequence_number if found else last), max(0, int(behind * 1000))

    def drained_by(self, last_sequence_id: int | str) -> bool:
        """True if a reader at this place has seen all there will ever be."""
        return not self.is_open and int(last_sequence_id) >= self._last_number

    def forget_before(self, instant: float) -> None:
        """Let records expire that came before this time."""
        with self._lock:
            count = bisect_left(self._kept, instant, key=lambda record: record.created_at)
            if count:
                del self._kept[:count]
                del self._numbers[:count]

    def get_min_sequence_number(self) -> int:
        """The number the shard's range starts with."""
        return self._number(0, self._created)

    def get_max_sequence_number(self) -> int:
        """The last number given out."""
        return self._last_number or self.get_min_sequence_number()

    def get_sequence_number_at(self, at_timestamp: float | str | datetime) -> int:
        """The number after which the records of this time and later come."""
        if isinstance(at_timestamp, str):
            at_timestamp = datetime.fromisoformat(at_timestamp)
        if isinstance(at_timestamp, datetime):
            at_timestamp = at_timestamp.replace(tzinfo=at_timestamp.tzinfo or UTC).timestamp()
        with self._lock:
            index = bisect_left(self._kept, at_timestamp, key=lambda record: record.created_at)
            return self._numbers[index - 1] if index else 0

    def _number(self, index: int, second: int) -> int:
        """A number built of the shard's birth, a count, the second, the shard and a version, as on AWS."""
        number = (2 << 36) | self._created
        number = (number << 68) | index
        number = (number << 44) | second
        number = (number << 32) | int(self._shard_id)
        return (number << 4) | 2


def size_of(data: str, partition_key: str) -> int:
    """The bytes a record counts for: its data before base64, and its partition key."""
    padding = 2 if data.endswith("==") else 1 if data.endswith("=") else 0
    return len(data) * 3 // 4 - padding + len(partition_key.encode())


def install() -> None:
    """Make moto build its streams of these shards."""
    moto_kinesis.Shard = LocalShard


def children_of(shard: LocalShard, shards: Sequence[LocalShard]) -> list[dict[str, Any]]:
    """The shards that continue a closed one, as GetRecords names them."""
    return [
        {
            "ShardId": child.shard_id,
            "ParentShards": [parent for parent in (child.parent, child.adjacent_parent) if parent],
            "HashKeyRange": {
                "StartingHashKey": str(child.starting_hash),
                "EndingHashKey": str(child.ending_hash),
            },
        }
        for child in shards
        if shard.shard_id in {child.parent, child.adjacent_parent}
    ]
