"""A shard's records as Kinesis keeps them: in order, numbered, for as long as the stream keeps records."""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_READ_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """A record on a shard; `data` is base64, as it came."""

    sequence_number: int
    partition_key: str
    data: str
    arrived_s: float


class ShardRecords:
    """Records in the order they came, each under a sequence number of AWS's shape: 56 digits, growing.

    `now` gives seconds since the epoch.
    """

    def __init__(self, shard_id: int, *, now: Callable[[], float]) -> None:
        self._now = now
        self._shard_number = shard_id
        self._lock = threading.Lock()
        self._kept: list[Record] = []
        self._numbers: list[int] = []
        self._created_s = int(now())
        self._issued = 0
        self.last_number = 0

    def append(self, partition_key: str, data: str) -> int:
        """Append a record; its sequence number."""
        with self._lock:
            now_s = self._now()
            self._issued += 1
            number = self._number(self._issued, int(now_s))
            self._kept.append(Record(number, partition_key, data, now_s))
            self._numbers.append(number)
            self.last_number = number
            return number

    def after(self, last: int, limit: int) -> tuple[list[Record], int, int]:
        """The records after a sequence number, the last one's number, and by how many milliseconds the reader lags.

        Up to `limit` records and 10 MiB, at least one if there is any.
        """
        with self._lock:
            start = bisect_right(self._numbers, last)
            found: list[Record] = []
            size = 0
            for record in self._kept[start : start + limit]:
                size += size_of(record.data, record.partition_key)
                if found and size > _READ_LIMIT_BYTES:
                    break
                found.append(record)
            rest = start + len(found)
            behind_s = self._now() - self._kept[rest].arrived_s if rest < len(self._kept) else 0.0
        return found, (found[-1].sequence_number if found else last), max(0, int(behind_s * 1000))

    def forget_older(self, age_s: float) -> None:
        """Let records expire that came more than `age_s` seconds ago."""
        with self._lock:
            count = bisect_left(self._kept, self._now() - age_s, key=lambda record: record.arrived_s)
            if count:
                del self._kept[:count]
                del self._numbers[:count]

    def get_min_sequence_number(self) -> int:
        """The number the shard's range starts with."""
        return self._number(0, self._created_s)

    def get_max_sequence_number(self) -> int:
        """The last number given out."""
        return self.last_number or self.get_min_sequence_number()

    def get_sequence_number_at(self, at_timestamp: float | str | datetime) -> int:
        """The number after which the records of this time and later come."""
        if isinstance(at_timestamp, str):
            at_timestamp = datetime.fromisoformat(at_timestamp)
        if isinstance(at_timestamp, datetime):
            at_timestamp = at_timestamp.replace(tzinfo=at_timestamp.tzinfo or UTC).timestamp()
        with self._lock:
            index = bisect_left(self._kept, at_timestamp, key=lambda record: record.arrived_s)
            return self._numbers[index - 1] if index else 0

    def _number(self, index: int, second: int) -> int:
        """A number built of the shard's birth, a count, the second, the shard and a version, as on AWS."""
        number = (2 << 36) | self._created_s
        number = (number << 68) | index
        number = (number << 44) | second
        number = (number << 32) | self._shard_number
        return (number << 4) | 2


def size_of(data: str, partition_key: str) -> int:
    """The bytes a record counts for: its data before base64, and its partition key."""
    padding = 2 if data.endswith("==") else 1 if data.endswith("=") else 0
    return len(data) * 3 // 4 - padding + len(partition_key.encode())


def children_of(shard: Any, shards: Sequence[Any]) -> list[dict[str, Any]]:
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
