"""Batches that were given up, put together to be handed to the metric writer: an outage leaves one for each record."""

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from handlers.vocabulary import HEARTBEAT
from ops.quarantined.batches import Batch, read_batch

# An event has 6 MB at most. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_EVENT_BYTES = 5_000_000
_READ_BYTES = 32 * 2**20
_READ_BATCHES = 500
_THREADS = 8


@dataclass
class Lot:
    """Batches of one shard, and the event that they make together: each record once, in the order of the stream."""

    batches: list[Batch] = field(default_factory=list)
    records: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    size: int = 0

    def add(self, batch: Batch, records: Mapping[int, Mapping[str, Any]]) -> None:
        """Add a batch with its records by their sequence numbers."""
        self.batches.append(batch)
        self.records |= records
        self.size += len(batch.event)

    @property
    def event(self) -> bytes:
        """The event of an event source mapping; without heartbeats, which would tell an age of hours ago."""
        every = [self.records[sequence] for sequence in sorted(self.records)]
        records = [
            one for one in every if not str(one["kinesis"]["partitionKey"]).startswith(f"{HEARTBEAT}/")
        ]
        return json.dumps({"Records": records}, separators=(",", ":")).encode()

    def alone(self) -> Iterator["Lot"]:
        """Each of its batches by itself."""
        for batch in self.batches:
            lot = Lot()
            lot.add(batch, _records(batch))
            yield lot


def lots(s3: Any, bucket: str, entries: Iterable[Mapping[str, Any]], *, most: int) -> Iterator[Lot | str]:
    """The listed batches in lots of `most` records, of one shard each; the key of what is no batch of a stream.

    OperatorError if the bucket cannot be read.
    """
    for keys in _portions(entries):
        with ThreadPoolExecutor(_THREADS) as pool:
            found = list(pool.map(lambda key: read_batch(s3, bucket, key), keys))
        read = [
            (key, batch, _records(batch) if batch else {}) for key, batch in zip(keys, found, strict=True)
        ]
        yield from (key for key, _, records in read if not records)
        whole = [(batch, records) for _, batch, records in read if batch and records]
        for _, group in groupby(sorted(whole, key=_place), key=lambda item: _place(item)[0]):
            lot = Lot()
            for batch, records in group:
                full = len(lot.records) + len(records) > most or lot.size + len(batch.event) > _EVENT_BYTES
                if lot.batches and full:
                    yield lot
                    lot = Lot()
                lot.add(batch, records)
            yield lot


def _portions(entries: Iterable[Mapping[str, Any]]) -> Iterator[list[str]]:
    """The keys of so many batches as memory holds."""
    keys: list[str] = []
    size = 0
    for entry in entries:
        keys.append(str(entry["Key"]))
        size += int(entry["Size"])
        if size >= _READ_BYTES or len(keys) == _READ_BATCHES:
            yield keys
            keys, size = [], 0
    if keys:
        yield keys


def _records(batch: Batch) -> Mapping[int, Mapping[str, Any]]:
    """The records by their sequence numbers; none if they are not those of a data stream."""
    try:
        records = json.loads(batch.event)["Records"]
        return {
            int(one["kinesis"]["sequenceNumber"]): one for one in records if one["kinesis"]["partitionKey"]
        }
    except (ValueError, KeyError, TypeError):
        return {}


def _place(item: tuple[Batch, Mapping[int, Mapping[str, Any]]]) -> tuple[str, int]:
    """The shard, whose sequence numbers are no other's, and where the batch begins."""
    _, records = item
    first = min(records)
    return str(records[first].get("eventID", "")).partition(":")[0], first
