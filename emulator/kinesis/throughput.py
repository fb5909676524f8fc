"""The throughput of a shard: 1 MiB and 1,000 records a second, whichever is reached first.

A record of more than that is taken in a burst, for which the shard takes less in the seconds after it.
https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
https://docs.aws.amazon.com/streams/latest/dev/large-records.html
"""

import threading
import time
from collections.abc import Callable

_BYTES = 1024 * 1024
_BURST_BYTES = 10 * _BYTES
_RECORDS = 1000

ShardName = tuple[str, str, str]


class Throughput:
    """Counts each shard's records by the second of the machine's clock: load is real even where time was moved."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seconds: dict[ShardName, tuple[int, int, int]] = {}

    def admit(self, shard: ShardName, size: int) -> bool:
        """True if the shard takes a record of this size now, and count it if so."""
        second = int(self._clock())
        with self._lock:
            counted, used, records = self._seconds.get(shard, (second, 0, 0))
            if counted != second:
                used, records = max(0, used - (second - counted) * _BYTES), 0
            if records >= _RECORDS or used + size > (_BYTES if size <= _BYTES else _BURST_BYTES):
                return False
            self._seconds[shard] = (second, used + size, records + 1)
            return True
