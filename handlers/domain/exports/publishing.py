"""The publication of an hour: its files verified, then shown to readers, whole and in place of those before."""

import json
from collections.abc import Callable
from typing import Any

from handlers.domain.exports.attempt import status_key
from handlers.domain.exports.hour import complete_at_s
from handlers.domain.exports.job import ExportJob
from handlers.domain.exports.manifest import NOTHING, Manifest, Mismatch, object_key, verify
from handlers.domain.exports.ports import Catalog, ExportBucket, HourLedger
from handlers.domain.exports.record import Published
from handlers.lake import REPLACED
from handlers.vocabulary import AGGREGATES, METRICS

SCHEMA_VERSION = 1
Manifests = dict[str, Manifest]
ReadManifest = Callable[[bytes, ExportBucket], Manifest]


def verify_job(job: ExportJob, bucket: ExportBucket, read_manifest: ReadManifest) -> Manifests:
    """The manifests, if they are there and agree with the listing, the rows reported and the points counted before.

    `read_manifest` takes an object's content and the bucket. `Mismatch` otherwise.
    """
    manifests = {dataset: _verify_dataset(job, dataset, bucket, read_manifest) for dataset in job.unloads}
    exported = manifests[METRICS].rows
    # Points are added meanwhile, never taken away: fewer than there were means that some are not in the files.
    if exported < job.counted.points:
        raise Mismatch(f"the hour had {job.counted.points} points, the files have {exported}")
    if bool(manifests[AGGREGATES].rows) != bool(exported):
        raise Mismatch(f"{exported} points have {manifests[AGGREGATES].rows} aggregates")
    if REPLACED in manifests and manifests[REPLACED].rows < (job.counted.superseded or 0):
        raise Mismatch(
            f"the hour had {job.counted.superseded} superseded versions, the files have {manifests[REPLACED].rows}"
        )
    return manifests


def publish(job: ExportJob, manifests: Manifests, ledger: HourLedger, catalog: Catalog, bucket: ExportBucket, *,
            now_s: float, lag_s: float) -> Published:  # fmt: skip
    """Sends readers to the job's verified files; may be repeated after a crash. `LostClaim` as the ledger raises it."""
    claim, attempt = job.claim, job.claim.attempt
    entry = ledger.read([attempt.hour]).get(attempt.hour)
    if entry is not None and entry.published is not None and entry.published.run == attempt.run:
        return entry.published
    ledger.renew(claim, now_s)
    # Columns first: a reader may meet a column that no file has, never a file with a column that no table has.
    for dataset in job.unloads:
        catalog.add_columns(dataset, job.layout.catalog(dataset))
    # The points last: until then readers see the whole hour as it was.
    for dataset in reversed(list(job.unloads)):
        catalog.set_partition_location(dataset, attempt.hour, _location(job, dataset, bucket))
    size = sum(manifest.bytes for manifest in manifests.values())
    published = Published(attempt.run, attempt.started_at_s, now_s, manifests[METRICS].rows, size)
    status = status_document(job, manifests, published, bucket, lag_s)
    bucket.write(status_key(attempt.hour), json.dumps(status, indent=1).encode())
    ledger.complete(claim, published, lag_s)
    return published


def status_document(
    job: ExportJob, manifests: Manifests, published: Published, bucket: ExportBucket, lag_s: float
) -> dict[str, Any]:
    """The content of `_hour.json`: the points that were exported, when, and their files."""
    hour = job.claim.attempt.hour
    is_partial = published.started_at_s < complete_at_s(hour, lag_s)
    return {
        "schema_version": SCHEMA_VERSION,
        "hour": str(hour),
        "state": "partial" if is_partial else "exported" if published.rows else "empty",
        "run": published.run,
        "started_at": round(published.started_at_s, 3),
        "published_at": round(published.published_at_s, 3),
        "rows": published.rows,
        **_versions(manifests),
        "bytes": published.bytes,
        "min_time": _iso(job.counted.first),
        "max_time": _iso(job.counted.last),
        "datasets": {
            dataset: {
                "location": _location(job, dataset, bucket),
                "rows": manifest.rows,
                "bytes": manifest.bytes,
                "columns": [column._asdict() for column in job.layout.catalog(dataset)],
                "files": [file._asdict() for file in manifest.files],
            }
            for dataset, manifest in manifests.items()
        },
    }


def _versions(manifests: Manifests) -> dict[str, int]:
    """The versions of the hour's points, of which all but the rows are superseded, where the store keeps them."""
    if REPLACED not in manifests:
        return {}
    superseded = manifests[REPLACED].rows
    return {"appended": manifests[METRICS].rows + superseded, "superseded": superseded}


def _location(job: ExportJob, dataset: str, bucket: ExportBucket) -> str:
    return f"s3://{bucket.name}/{job.claim.attempt.results(dataset)}"


def _verify_dataset(
    job: ExportJob, dataset: str, bucket: ExportBucket, read_manifest: ReadManifest
) -> Manifest:
    unload = job.unloads[dataset]
    manifest = NOTHING
    if unload.manifest is not None:
        content = bucket.read(object_key(unload.manifest, bucket.name))
        if content is not None:
            manifest = read_manifest(content, bucket)
        # An UNLOAD of no rows may have none; that nothing else lies there is seen below.
        elif dataset != REPLACED or job.counted.superseded:
            raise Mismatch(f"the manifest of {dataset} is not there")
    results = job.claim.attempt.results(dataset)
    verify(manifest, bucket.listing(results), results, unload.rows)
    return manifest


def _iso(text: str) -> str | None:
    return f"{text.replace(' ', 'T')}Z" if text else None
