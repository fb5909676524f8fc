"""Exported hours: the state of each, and the files that readers of an hour get."""

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.domain.exports.hour import Hour, complete_at_s, hours_between
from handlers.domain.exports.record import Record, State, state_of
from handlers.vocabulary import DATASETS
from ops.console.place import Place
from ops.errors import refusals


@dataclass(frozen=True, slots=True)
class ShownHour:
    """An hour with its state; `record` is None where the ledger has no entry."""

    hour: Hour
    state: State
    record: Record | None


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file of an hour that readers see."""

    dataset: str
    address: str
    bytes: int


def read_hours(place: Place, *, newest: int) -> list[ShownHour]:
    """The newest hours up to the current one, the oldest first."""
    lag_s = place.target.config.export.lag_minutes * 60
    ledger = ExportHoursLedger(place.client("dynamodb"), place.output("ExportHoursTableName"))
    now_s = place.now_s()
    with refusals("cannot read the ledger of hours"):
        mark = ledger.watermark()
        last = Hour.containing(max(now_s, complete_at_s(mark, lag_s) if mark else 0))
        hours = list(hours_between(last.plus(1 - newest), last))
        records = ledger.read(hours)
    return [
        ShownHour(hour, _state(hour, records.get(hour), mark, now_s, lag_s), records.get(hour))
        for hour in hours
    ]


def read_files(place: Place, hour: Hour) -> Sequence[ExportedFile]:
    """The files that the catalog's partitions of an hour point at; none if it was not exported."""
    glue, s3, database = place.client("glue"), place.client("s3"), place.output("ExportDatabaseName")
    date, _, clock = str(hour).partition("T")
    found: list[ExportedFile] = []
    with refusals("cannot read the exports"):
        for dataset in DATASETS:
            try:
                partition = glue.get_partition(
                    DatabaseName=database, TableName=dataset, PartitionValues=[date, clock]
                )["Partition"]
            except glue.exceptions.EntityNotFoundException:
                continue
            location = partition["StorageDescriptor"]["Location"]
            bucket, _, prefix = location.removeprefix("s3://").partition("/")
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                found += [
                    ExportedFile(dataset, f"s3://{bucket}/{entry['Key']}", entry["Size"])
                    for entry in page.get("Contents", [])
                ]
    return found


def _state(hour: Hour, record: Record | None, mark: Hour | None, now_s: float, lag_s: float) -> State:
    if record is None and mark is not None and hour <= mark:
        return State.NONE
    return state_of(hour, record, now_s, lag_s)
