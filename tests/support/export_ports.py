"""Ports of exports for tests: the ledger's table, a bucket and a catalog in memory."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.domain.errors import TransientError
from handlers.domain.exports.columns import Column
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import Claim
from handlers.domain.exports.manifest import File, Mismatch
from handlers.domain.exports.record import Published
from handlers.vocabulary import DUE_INDEX

HOURS = "export-hours"
HOUR = Hour.parse("2026-11-22T02")
NOW_S = float(HOUR.end_s + 900)
LAG_S = 900.0


def claimed(ledger: ExportHoursLedger, by: str = "a", now_s: float = NOW_S) -> Claim:
    """A claim on the hour."""
    claim = ledger.claim(HOUR, by, now_s)
    assert isinstance(claim, Claim)
    return claim


def published(claim: Claim, at_s: float = NOW_S + 30, rows: int = 3) -> Published:
    """The publication of the claim's export."""
    return Published(claim.attempt.run, claim.attempt.started_at_s, at_s, rows, 100)


def create_hours_table(dynamodb: Any, name: str = HOURS) -> str:
    """An empty ledger; its name. That the template's table is the same, a test of the template shows."""
    keys = {"id": "S", "work": "S", "due_at": "N"}
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in keys.items()],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": DUE_INDEX,
                "KeySchema": [
                    {"AttributeName": "work", "KeyType": "HASH"},
                    {"AttributeName": "due_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    return name


class MemoryBucket:
    """A bucket of bytes."""

    name = "exports"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def read(self, key: str) -> bytes | None:
        """An object, or None."""
        return self.objects.get(key)

    def end_of(self, key: str, bytes_: int) -> tuple[bytes, int]:
        """The end of an object."""
        if key not in self.objects:
            raise Mismatch(f"{key} is in the manifest and not in the bucket")
        return self.objects[key][-bytes_:], len(self.objects[key])

    def listing(self, prefix: str) -> Iterator[tuple[str, int]]:
        """What lies below a prefix."""
        return ((key, len(body)) for key, body in sorted(self.objects.items()) if key.startswith(prefix))

    def folders(self, prefix: str) -> Sequence[str]:
        """The folders right below a prefix."""
        below = (key.removeprefix(prefix) for key in self.objects if key.startswith(prefix))
        return sorted({name.partition("/")[0] for name in below if "/" in name})

    def write(self, key: str, content: bytes) -> None:
        """Puts an object."""
        self.objects[key] = content

    def delete(self, keys: Iterable[str]) -> int:
        """Deletes objects."""
        return sum(self.objects.pop(key, None) is not None for key in list(keys))


class MemoryCatalog:
    """Tables and partitions; remembers the order of changes, and can fail at one of them."""

    def __init__(self) -> None:
        self.columns: dict[str, int] = {}
        self.locations: dict[tuple[str, Hour], str] = {}
        self.calls: list[str] = []
        self.fail_at = 10**9

    def add_columns(self, dataset: str, columns: Sequence[Column]) -> int:
        """Remembers how many columns there are."""
        self._step(f"columns {dataset}")
        for column in columns:
            assert re.fullmatch("[a-z0-9_]{1,255}", column.name), "Athena takes no other"
        self.columns[dataset] = len(columns)
        return 0

    def partition_location(self, dataset: str, hour: Hour) -> str | None:
        """The location that readers are sent to."""
        return self.locations.get((dataset, hour))

    def partition_locations(self, dataset: str, hours: Sequence[Hour]) -> dict[Hour, str]:
        """Those that there are."""
        return {hour: self.locations[dataset, hour] for hour in hours if (dataset, hour) in self.locations}

    def set_partition_location(self, dataset: str, hour: Hour, location: str) -> None:
        """Sends readers elsewhere."""
        self._step(f"location {dataset}")
        self.locations[dataset, hour] = location

    def forget_partitions(self, dataset: str, before: Hour) -> int:
        """Removes those of days before."""
        gone = [key for key in self.locations if key[0] == dataset and key[1].date < before.date]
        for key in gone:
            del self.locations[key]
        return len(gone)

    def _step(self, name: str) -> None:
        if len(self.calls) >= self.fail_at:
            self.fail_at = 10**9
            raise TransientError("the catalog does not answer")
        self.calls.append(name)


def manifest_document(files: tuple[File, ...], bucket: str = "exports") -> dict[str, Any]:
    """A manifest as Timestream writes it."""
    return {
        "result_files": [
            {
                "url": f"s3://{bucket}/{file.key}",
                "file_metadata": {"content_length_in_bytes": file.bytes, "row_count": file.rows},
            }
            for file in files
        ],
        "query_metadata": {
            "total_content_length_in_bytes": sum(file.bytes for file in files),
            "total_row_count": sum(file.rows for file in files),
            "result_format": "PARQUET",
            "result_version": "Amazon Timestream version 1.0.0",
        },
        "author": {"name": "Amazon Timestream", "manifest_file_version": "1.0"},
    }
