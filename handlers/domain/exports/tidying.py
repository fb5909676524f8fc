"""Which replaced and abandoned files may go: readers who began with them have a day to finish."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from handlers.domain.exports.attempt import hour_prefix, run_of, run_started_at
from handlers.domain.exports.catalog import Catalog
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import Record
from handlers.vocabulary import DATASETS

GRACE_SECONDS = 86_400


class Wish(NamedTuple):
    """An hour that has something to tidy; `revision` grows when it is wished for again."""

    hour: Hour
    revision: int


class TidyWishes(Protocol):
    """Which hours have something to tidy. Every call may raise `TransientError` or `ConfigurationError`."""

    def due(self, now: float, limit: int) -> Sequence[Wish]:
        """The wishes that may be met by now, the oldest first."""
        ...

    def met(self, wish: Wish, again_at: float | None) -> None:
        """Forgets a wish, or keeps it for later; one that was renewed meanwhile stays."""
        ...

    def record(self, hour: Hour) -> Record:
        """The hour's entry in the ledger."""
        ...


class TidyBucket(Protocol):
    """What tidying needs of the export bucket."""

    def folders(self, prefix: str) -> Sequence[str]:
        """The names of the folders right below a prefix."""
        ...

    def listing(self, prefix: str) -> Iterable[tuple[str, int]]:
        """Key and size of every object below a prefix, page by page."""
        ...

    def delete(self, keys: Iterable[str]) -> int:
        """Deletes objects, how many."""
        ...


@dataclass(frozen=True)
class Plan:
    """The runs whose files go now, and when to look again, None if nothing will be left to tidy."""

    delete: tuple[str, ...]
    again_at: float | None


def tidy_hour(wish: Wish, wishes: TidyWishes, catalog: Catalog, bucket: TidyBucket, now: float) -> int:
    """Deletes what may go of an hour; how many objects. May die anywhere: the wish stays until everything is done."""
    record = wishes.record(wish.hour)
    deleted = 0
    again = []
    for dataset in DATASETS:
        prefix = hour_prefix(dataset, wish.hour)
        location = catalog.location(dataset, wish.hour)
        in_use = {run_of(location) or ""} if location else set()
        steps = plan(record, bucket.folders(prefix), in_use, now)
        for run in steps.delete:
            deleted += bucket.delete(key for key, _ in bucket.listing(f"{prefix}{run}/"))
        if steps.again_at is not None:
            again.append(steps.again_at)
    wishes.met(wish, min(again, default=None))
    return deleted


def plan(record: Record, runs: Iterable[str], in_use: Collection[str], now: float) -> Plan:
    """What to do about the folders of an hour; `in_use` are the runs that the catalog points readers at.

    The catalog is asked besides the ledger, since an export may have died between switching the one and writing the
    other. A folder that is no run's is not ours to delete.
    """
    kept = {*in_use, record.published.run if record.published else ""}
    if record.claimed(now):
        kept.add(record.attempt.run)
    delete, later = [], []
    for run in sorted(set(runs)):
        started = run_started_at(run)
        if run in kept or started is None:
            continue
        free_at = _unread_since(record, run, started) + GRACE_SECONDS
        if free_at <= now:
            delete.append(run)
        else:
            later.append(free_at)
    return Plan(tuple(delete), min(later, default=None))


def _unread_since(record: Record, run: str, started: float) -> float:
    """The last moment at which a reader may have been sent to a run."""
    if run in record.replaced:
        return record.replaced[run]
    # Never published, as far as the ledger knows: if it was, it is replaced since the publication that is known.
    return max(started, record.published.published_at if record.published else started)
