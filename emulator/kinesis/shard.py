"""A shard's records as Kinesis keeps them: in order, numbered, for as long as the stream keeps records."""

import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from emulator.kinesis.record_files import RecordFiles

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

    `now` gives seconds since the epoch. In memory it has 28 bytes of a record; keys and data lie in files.
    """

    def __init__(self, shard_id: int, *, now: Callable[[], float]) -> None:
        self._now = now
        self._shard_number = shard_id
        self._lock = threading.Lock()
        self._files = RecordFiles()
        self._arrived_s = array("d")
        self._sizes = array("i")
        self._created_s = int(now())
        self._issued = 0
        self.last_number = 0

    def append(self, partition_key: str, data: str) -> int:
        """Append a record; its sequence number."""
        with self._lock:
            now_s = self._now()
            self._files.append(partition_key, data)
            self._issued += 1
            self._arrived_s.append(now_s)
            self._sizes.append(size_of(data, partition_key))
            self.last_number = self._number(self._issued, int(now_s))
            return self.last_number

    def after(self, last: int, limit: int) -> tuple[list[Record], int, int]:
        """The records after a sequence number, the last one's number, and by how many milliseconds the reader lags.

        Up to `limit` records and 10 MiB, at least one if there is any.
        """
        with self._lock:
            if last >= self.last_number:
                return [], last, 0
            kept = range(len(self._arrived_s))
            start = stop = bisect_right(kept, last, key=self._number_at)
            size = 0
            while stop < min(start + limit, len(kept)):
                size += self._sizes[stop]
                if stop > start and size > _READ_LIMIT_BYTES:
                    break
                stop += 1
            found = [
                Record(self._number_at(place), *self._files.read(place), self._arrived_s[place])
                for place in range(start, stop)
            ]
            behind_s = self._now() - self._arrived_s[stop] if stop < len(kept) else 0.0
        return found, (found[-1].sequence_number if found else last), max(0, int(behind_s * 1000))

    def forget_older(self, age_s: float) -> None:
        """Let records expire that came more than `age_s` seconds ago."""
        with self._lock:
            count = bisect_left(self._arrived_s, self._now() - age_s)
            if count:
                self._files.forget(count)
                del self._arrived_s[:count]
                del self._sizes[:count]

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
            index = bisect_left(self._arrived_s, at_timestamp)
            return self._number_at(index - 1) if index else 0

    def _number_at(self, place: int) -> int:
        """The number of the record at a place among those that are kept."""
        return self._number(self._issued - len(self._arrived_s) + place + 1, int(self._arrived_s[place]))

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
