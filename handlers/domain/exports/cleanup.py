"""Cleanup of replaced and abandoned files: readers who began with them have a day to finish."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from handlers.domain.exports.attempt import hour_prefix, run_of, run_started_at_s
from handlers.domain.exports.ports import Catalog, ExportBucket
from handlers.domain.exports.record import Record

GRACE_S = 86_400


@dataclass(frozen=True)
class Plan:
    """The runs whose files go now, and when to look again (seconds since the epoch), None if no others are left."""

    delete: tuple[str, ...]
    again_at_s: float | None


def clean_up_hour(
    record: Record, datasets: Iterable[str], catalog: Catalog, bucket: ExportBucket, now_s: float
) -> tuple[int, float | None]:
    """Deletes the files of an hour's runs that no reader can be at; the number of objects, and when to look again.

    That is None if the hour has nothing left to clean up. May die anywhere, and is done again then.
    """
    deleted = 0
    again_at_s = []
    for dataset in datasets:
        prefix = hour_prefix(dataset, record.hour)
        location = catalog.partition_location(dataset, record.hour)
        in_use = {run_of(location) or ""} if location else set()
        steps = plan(record, bucket.folders(prefix), in_use, now_s)
        for run in steps.delete:
            deleted += bucket.delete(key for key, _ in bucket.listing(f"{prefix}{run}/"))
        if steps.again_at_s is not None:
            again_at_s.append(steps.again_at_s)
    return deleted, min(again_at_s, default=None)


def plan(record: Record, runs: Iterable[str], in_use: Collection[str], now_s: float) -> Plan:
    """The plan for the folders of an hour; `in_use` are the runs that the catalog sends readers to.

    The catalog is asked besides the ledger, since an export may have died between switching the one and writing the
    other. A folder that is not named like a run is left alone.
    """
    kept = {*in_use, record.published.run if record.published else ""}
    if record.is_claimed(now_s):
        kept.add(record.attempt.run)
    delete, later_s = [], []
    for run in sorted(set(runs)):
        started_at_s = run_started_at_s(run)
        if run in kept or started_at_s is None:
            continue
        free_at_s = _last_read_s(record, run, started_at_s) + GRACE_S
        if free_at_s <= now_s:
            delete.append(run)
        else:
            later_s.append(free_at_s)
    return Plan(tuple(delete), min(later_s, default=None))


def _last_read_s(record: Record, run: str, started_at_s: float) -> float:
    """The last time at which a reader may have been sent to a run."""
    if run in record.replaced:
        return record.replaced[run]
    # Never published, as far as the ledger knows: if it was, it is replaced since the publication that is known.
    return max(started_at_s, record.published.published_at_s if record.published else started_at_s)
