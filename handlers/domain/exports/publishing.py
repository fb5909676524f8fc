"""The publication of an hour: its files verified, then shown to readers, whole and in place of those before."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from handlers.domain.exports.attempt import status_key
from handlers.domain.exports.hour import complete_at_s
from handlers.domain.exports.job import ExportJob
from handlers.domain.exports.manifest import NOTHING, Manifest, Mismatch, object_key, verify
from handlers.domain.exports.ports import Catalog, ExportBucket, HourLedger
from handlers.domain.exports.record import Published
from handlers.vocabulary import AGGREGATES, DATASETS, METRICS

SCHEMA_VERSION = 1
ReadManifest = Callable[[bytes, str], Manifest]


@dataclass(frozen=True)
class Verified:
    """The manifests of a job, each in agreement with the bucket."""

    manifests: dict[str, Manifest]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(manifest.bytes for manifest in self.manifests.values())


def verify_job(job: ExportJob, bucket: ExportBucket, read_manifest: ReadManifest) -> Verified:
    """The manifests, if they are there and agree with the listing, the rows reported and the points counted before.

    `read_manifest` takes an object's content and the bucket's name. `Mismatch` otherwise.
    """
    manifests = {dataset: _verify_dataset(job, dataset, bucket, read_manifest) for dataset in DATASETS}
    exported = manifests[METRICS].rows
    # Points are added meanwhile, never taken away: fewer than there were means that some are not in the files.
    if exported < job.counted.points:
        raise Mismatch(f"the hour had {job.counted.points} points, the files have {exported}")
    if bool(manifests[AGGREGATES].rows) != bool(exported):
        raise Mismatch(f"{exported} points have {manifests[AGGREGATES].rows} aggregates")
    return Verified(manifests)


def publish(job: ExportJob, verified: Verified, ledger: HourLedger, catalog: Catalog, bucket: ExportBucket, *,
            now_s: float, lag_s: float) -> Published:  # fmt: skip
    """Sends readers to the job's files; may be repeated after a crash. `LostClaim` as the ledger raises it."""
    claim, attempt = job.claim, job.claim.attempt
    entry = ledger.read([attempt.hour]).get(attempt.hour)
    if entry is not None and entry.published is not None and entry.published.run == attempt.run:
        return entry.published
    ledger.renew(claim, now_s)
    # Columns first: a reader may meet a column that no file has, never a file with a column that no table has.
    for dataset in DATASETS:
        catalog.add_columns(dataset, job.layout.catalog(dataset))
    for dataset in reversed(DATASETS):
        location = f"s3://{bucket.name}/{attempt.results(dataset)}"
        catalog.set_partition_location(dataset, attempt.hour, location)
    rows = verified.manifests[METRICS].rows
    published = Published(attempt.run, attempt.started_at_s, now_s, rows, verified.bytes)
    status = status_document(job, verified, bucket.name, now_s=now_s, lag_s=lag_s)
    bucket.write(status_key(attempt.hour), json.dumps(status, indent=1).encode())
    ledger.complete(claim, published, lag_s)
    return published


def status_document(
    job: ExportJob, verified: Verified, bucket: str, *, now_s: float, lag_s: float
) -> dict[str, Any]:
    """The content of `_hour.json`: the points that were exported, when, and their files."""
    attempt = job.claim.attempt
    rows = verified.manifests[METRICS].rows
    partial = attempt.started_at_s < complete_at_s(attempt.hour, lag_s)
    return {
        "schema_version": SCHEMA_VERSION,
        "hour": str(attempt.hour),
        "state": "partial" if partial else "exported" if rows else "empty",
        "run": attempt.run,
        "started_at": round(attempt.started_at_s, 3),
        "published_at": round(now_s, 3),
        "rows": rows,
        "bytes": verified.bytes,
        "min_time": _iso(job.counted.first),
        "max_time": _iso(job.counted.last),
        "datasets": {
            dataset: {
                "location": f"s3://{bucket}/{attempt.results(dataset)}",
                "rows": manifest.rows,
                "bytes": manifest.bytes,
                "columns": [column._asdict() for column in job.layout.catalog(dataset)],
                "files": [file._asdict() for file in manifest.files],
            }
            for dataset, manifest in verified.manifests.items()
        },
    }


def _verify_dataset(
    job: ExportJob, dataset: str, bucket: ExportBucket, read_manifest: ReadManifest
) -> Manifest:
    unload = job.unloads[dataset]
    manifest = NOTHING
    if unload.manifest is not None:
        content = bucket.read(object_key(unload.manifest, bucket.name))
        if content is None:
            raise Mismatch(f"the manifest of {dataset} is not there")
        manifest = read_manifest(content, bucket.name)
    results = job.claim.attempt.results(dataset)
    verify(manifest, bucket.listing(results), results, unload.rows or 0)
    return manifest


def _iso(text: str) -> str | None:
    return f"{text.replace(' ', 'T')}Z" if text else None
