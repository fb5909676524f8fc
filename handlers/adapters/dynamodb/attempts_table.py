"""Attempts at records that are tried alone, in the table of the dimension registry.

An item for a part of a shard, so that there are few of them for ever: `sequence` is the record's, `deaths` counts the
attempts at it that began and did not end, and the newest is over after `until`, which is 0 when it came to an end.
"""

import zlib
from typing import Any

from handlers.adapters.dynamodb.table import Table, Value, number, text
from handlers.domain.ingest.envelope import StreamRecord
from handlers.vocabulary import DIMENSIONS_KEY

# A shard's batches that are under way at once are of different requests: ten, by the mapping's ParallelizationFactor.
_PARTS = 64


class AttemptsTable:
    """Keeps `Attempts`; a record whose part of the shard another record takes meanwhile is counted from the start."""

    def __init__(self, dynamodb: Any, registry_table: str) -> None:
        self._table = Table(dynamodb, registry_table, DIMENSIONS_KEY)
        # The `until` of this process's newest attempt, and of its newest that ended, even if that could not be noted.
        self._begun_s = self._ended_s = 0.0

    def begin(self, record: StreamRecord, *, now_s: float, until_s: float) -> int:
        """The number of attempts before this one that began and did not end."""
        item = self._table.get(_key(record))
        before_s, deaths = number(item, "until") or 0, int(number(item, "deaths") or 0)
        known = text(item, "sequence") == str(record.sequence) and before_s not in {0, self._ended_s}
        if known and now_s < before_s:
            return deaths
        deaths = deaths + 1 if known else 0
        self._begun_s = round(until_s, 3)
        values: dict[str, Value] = {
            "sequence": str(record.sequence),
            "deaths": deaths,
            "until": self._begun_s,
        }
        self._table.update(
            _key(record), "SET #sequence = :sequence, #deaths = :deaths, #until = :until", values
        )
        return deaths

    def end(self, record: StreamRecord) -> None:
        """Forgets the attempts; where that fails, this process knows that its own has ended."""
        self._ended_s = self._begun_s
        self._table.update(_key(record), "SET #until = :until", {"until": 0})


def _key(record: StreamRecord) -> str:
    """The key of an item, which is no metrics table's name: those have no slash."""
    return f"attempts/{record.shard}/{zlib.crc32(record.request_id.encode()) % _PARTS}"
