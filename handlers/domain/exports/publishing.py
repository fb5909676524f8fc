"""Verify what an hour's UNLOADs left, then let readers see it: whole, and in place of what they saw before."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from handlers.domain.exports.attempt import status_key
from handlers.domain.exports.catalog import Catalog
from handlers.domain.exports.hour import complete_at
from handlers.domain.exports.ledger import HourLedger
from handlers.domain.exports.manifest import NOTHING, Manifest, Mismatch, object_key, read_manifest, verify
from handlers.domain.exports.record import Published
from handlers.domain.exports.unloading import LostClaim
from handlers.domain.exports.work import Work
from handlers.vocabulary import AGGREGATES, DATASETS, METRICS

SCHEMA_VERSION = 1


class ExportBucket(Protocol):
    """The bucket of the exports. Every call may raise `TransientError` or `ConfigurationError`."""

    @property
    def name(self) -> str:
        """The bucket's name."""
        ...

    def read(self, key: str) -> bytes | None:
        """An object's content; None if there is none."""
        ...

    def listing(self, prefix: str) -> Iterable[tuple[str, int]]:
        """Key and size of every object below a prefix, page by page."""
        ...

    def write(self, key: str, content: bytes) -> None:
        """Puts an object."""
        ...


@dataclass(frozen=True)
class Verified:
    """The manifests of a work, each in agreement with the bucket."""

    manifests: dict[str, Manifest]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(manifest.bytes for manifest in self.manifests.values())


def verify_work(work: Work, bucket: ExportBucket) -> Verified:
    """The manifests, if they are there and agree with the listing, the rows reported and the rows counted before.

    Raises `Mismatch` otherwise.
    """
    manifests = {dataset: _verify_dataset(work, dataset, bucket) for dataset in DATASETS}
    exported = manifests[METRICS].rows
    # Rows are added meanwhile, never taken away: fewer than there were means that some are not in the files.
    if exported < work.extent.rows:
        raise Mismatch(f"the hour had {work.extent.rows} points, the files have {exported}")
    if bool(manifests[AGGREGATES].rows) != bool(exported):
        raise Mismatch(f"{exported} points have {manifests[AGGREGATES].rows} aggregates")
    return Verified(manifests)


def publish(work: Work, verified: Verified, ledger: HourLedger, catalog: Catalog, bucket: ExportBucket, *, now: float,
            lag_seconds: float) -> Published:  # fmt: skip
    """Points readers at the work's files; may be repeated after a crash at any place. `LostClaim` if it is not ours."""
    claim, attempt = work.claim, work.claim.attempt
    entry = ledger.read([attempt.hour]).get(attempt.hour)
    if entry is not None and entry.published is not None and entry.published.run == attempt.run:
        return entry.published
    if not ledger.renew(claim, now):
        raise LostClaim(f"{attempt.hour} was taken over")
    # Columns first: a reader may meet a column that no file has, never a file with a column that no table has.
    for dataset in DATASETS:
        catalog.add_columns(dataset, work.layout.catalog(dataset))
    for dataset in reversed(DATASETS):
        catalog.point(dataset, attempt.hour, f"s3://{bucket.name}/{attempt.results(dataset)}")
    rows = verified.manifests[METRICS].rows
    published = Published(attempt.run, attempt.started_at, now, rows, verified.bytes)
    status = status_of(work, verified, bucket.name, now=now, lag_seconds=lag_seconds)
    bucket.write(status_key(attempt.hour), json.dumps(status, indent=1).encode())
    if not ledger.complete(claim, published, lag_seconds):
        raise LostClaim(f"{attempt.hour} was taken over")
    return published


def status_of(
    work: Work, verified: Verified, bucket: str, *, now: float, lag_seconds: float
) -> dict[str, Any]:
    """What `_hour.json` says: what was exported, when, and where it lies."""
    attempt = work.claim.attempt
    rows = verified.manifests[METRICS].rows
    partial = attempt.started_at < complete_at(attempt.hour, lag_seconds)
    return {
        "schema_version": SCHEMA_VERSION,
        "hour": str(attempt.hour),
        "state": "partial" if partial else "exported" if rows else "empty",
        "run": attempt.run,
        "started_at": round(attempt.started_at, 3),
        "published_at": round(now, 3),
        "rows": rows,
        "bytes": verified.bytes,
        "min_time": _iso(work.extent.first),
        "max_time": _iso(work.extent.last),
        "datasets": {
            dataset: {
                "location": f"s3://{bucket}/{attempt.results(dataset)}",
                "rows": manifest.rows,
                "bytes": manifest.bytes,
                "columns": [column._asdict() for column in work.layout.catalog(dataset)],
                "files": [file._asdict() for file in manifest.files],
            }
            for dataset, manifest in verified.manifests.items()
        },
    }


def _verify_dataset(work: Work, dataset: str, bucket: ExportBucket) -> Manifest:
    unload = work.unloads[dataset]
    manifest = NOTHING
    if unload.manifest is not None:
        content = bucket.read(object_key(unload.manifest, bucket.name))
        if content is None:
            raise Mismatch(f"the manifest of {dataset} is not there")
        manifest = read_manifest(content, bucket.name)
    results = work.claim.attempt.results(dataset)
    verify(manifest, bucket.listing(results), results, unload.rows or 0)
    return manifest


def _iso(text: str) -> str | None:
    return f"{text.replace(' ', 'T')}Z" if text else None
