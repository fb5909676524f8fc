"""Publishing: verified, whole, repeatable, and only by whom the hour belongs to."""

import json
from dataclasses import replace

import pytest

from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.timestream.manifest import read_manifest
from handlers.domain.errors import TransientError
from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import LEASE_S, Claim, ExportJob, PointCount, Unload
from handlers.domain.exports.manifest import NOTHING, File, Mismatch
from handlers.domain.exports.ports import LostClaim
from handlers.domain.exports.publishing import publish, verify_job
from handlers.domain.exports.record import State, state_of
from handlers.vocabulary import LAKE
from tests.support.export_ports import MemoryBucket, MemoryCatalog, manifest_document

HOUR = Hour.parse("2026-11-22T02")
NOW = float(HOUR.end_s + 900)
LAYOUT = Layout(("host",), written=True)


def unloaded(bucket: MemoryBucket, claim: Claim, *, rows: int = 3, counted: int = 3) -> ExportJob:
    """A job whose UNLOADs left what they should."""
    job = ExportJob(
        claim, LAYOUT, PointCount(counted, "2026-11-22 02:00:00.000000001", "2026-11-22 02:59:59.000000000")
    )
    for dataset, total in (("metrics", rows), ("aggregates", min(rows, 2))):
        results = claim.attempt.results(dataset)
        bucket.objects[f"{results}a.parquet"] = b"x" * 100
        file = File(f"{results}a.parquet", 100, total)
        key = f"{claim.attempt.prefix(dataset)}q_manifest.json"
        bucket.objects[key] = json.dumps(manifest_document((file,))).encode()
        job = job.having(dataset, Unload(rows=total, manifest=f"s3://exports/{key}"))
    return job


def claimed(ledger: ExportHoursLedger, by: str = "execution", now_s: float = NOW) -> Claim:
    """A claim on the hour."""
    claim = ledger.claim(HOUR, by, now_s)
    assert isinstance(claim, Claim)
    return claim


def test_a_verified_hour_is_published(ledger: ExportHoursLedger) -> None:
    """Readers are sent to the attempt's results, columns come first, and the status object says what there is."""
    bucket, catalog = MemoryBucket(), MemoryCatalog()
    claim = claimed(ledger)
    job = unloaded(bucket, claim)
    publish(job, verify_job(job, bucket, read_manifest), ledger, catalog, bucket, now_s=NOW + 30, lag_s=900)
    assert catalog.calls == [
        "columns metrics",
        "columns aggregates",
        "location aggregates",
        "location metrics",
    ]
    assert catalog.partition_location("metrics", HOUR) == f"s3://exports/{claim.attempt.results('metrics')}"
    status = json.loads(bucket.objects["metrics/2026-11-22/02/_hour.json"])
    assert status["state"] == "exported"
    assert status["rows"] == 3
    assert status["bytes"] == 200
    assert status["min_time"] == "2026-11-22T02:00:00.000000001Z"
    assert status["run"] == claim.attempt.run
    assert status["schema_version"] == 1
    assert [file["rows"] for file in status["datasets"]["metrics"]["files"]] == [3]
    assert state_of(HOUR, ledger.read([HOUR])[HOUR], NOW + 60, 900) == State.EXPORTED


def lake_job(bucket: MemoryBucket, claim: Claim, *, lost: int = 2, counted: int = 2) -> ExportJob:
    """The same of the lake, where versions lost; its UNLOADs do not say how many rows they wrote."""
    job = unloaded(bucket, claim)
    results = claim.attempt.results("replaced")
    bucket.objects[f"{results}a.parquet"] = b"x"
    key = f"athena/{claim.attempt.client_token('replaced')}"
    file = File(f"{results}a.parquet", 1, lost)
    bucket.objects[key] = json.dumps(manifest_document((file,))).encode()
    layout = Layout((), written=True, kind=LAKE)
    unloads = {dataset: replace(unload, rows=None) for dataset, unload in job.unloads.items()}
    unloads["replaced"] = Unload(manifest=f"s3://exports/{key}")
    return ExportJob(claim, layout, replace(job.counted, superseded=counted), unloads)


def test_in_the_lake_the_points_are_shown_last(ledger: ExportHoursLedger) -> None:
    """Until then the view has everything in what was there; the status says how many versions there were."""
    bucket, catalog = MemoryBucket(), MemoryCatalog()
    job = lake_job(bucket, claimed(ledger))
    verified = verify_job(job, bucket, read_manifest)
    publish(job, verified, ledger, catalog, bucket, now_s=NOW + 30, lag_s=900)
    assert [call for call in catalog.calls if call.startswith("location")] == [
        "location replaced",
        "location aggregates",
        "location metrics",
    ]
    status = json.loads(bucket.objects["metrics/2026-11-22/02/_hour.json"])
    assert (status["rows"], status["appended"], status["superseded"]) == (3, 5, 2)


def test_where_nothing_lost_there_may_be_no_manifest(ledger: ExportHoursLedger) -> None:
    """AWS does not say what an UNLOAD of no rows leaves; if it left a file there must be a manifest, too."""
    bucket = MemoryBucket()
    claim = claimed(ledger)
    job = lake_job(bucket, claim, counted=0)
    del bucket.objects[f"athena/{claim.attempt.client_token('replaced')}"]
    with pytest.raises(Mismatch, match=r"a\.parquet is not in the manifest"):
        verify_job(job, bucket, read_manifest)
    del bucket.objects[f"{claim.attempt.results('replaced')}a.parquet"]
    assert verify_job(job, bucket, read_manifest)["replaced"] == NOTHING
    lost = replace(job, counted=replace(job.counted, superseded=1))
    with pytest.raises(Mismatch, match="the manifest of replaced is not there"):
        verify_job(lost, bucket, read_manifest)


def test_fewer_versions_than_lost_before_are_a_mismatch(ledger: ExportHoursLedger) -> None:
    """What lost once stays lost, and is accounted for."""
    bucket = MemoryBucket()
    with pytest.raises(Mismatch, match="had 3 superseded versions, the files have 2"):
        verify_job(lake_job(bucket, claimed(ledger), counted=3), bucket, read_manifest)


@pytest.mark.parametrize("step", range(4))
def test_a_crash_at_any_step_is_made_good_by_doing_it_again(ledger: ExportHoursLedger, step: int) -> None:
    """Each dataset's readers see the whole old or the whole new files at every moment, and a repetition finishes."""
    bucket, catalog = MemoryBucket(), MemoryCatalog()
    first = unloaded(bucket, claimed(ledger))
    publish(first, verify_job(first, bucket, read_manifest), ledger, catalog, bucket, now_s=NOW, lag_s=900)
    old = dict(catalog.locations)
    job = unloaded(bucket, claimed(ledger, "second", NOW + 3600))
    catalog.fail_at = len(catalog.calls) + step
    with pytest.raises(TransientError):
        publish(
            job, verify_job(job, bucket, read_manifest), ledger, catalog, bucket, now_s=NOW + 3700, lag_s=900
        )
    for (dataset, hour), location in catalog.locations.items():
        new = f"s3://exports/{job.claim.attempt.results(dataset)}"
        assert location in {old[dataset, hour], new}
    publish(job, verify_job(job, bucket, read_manifest), ledger, catalog, bucket, now_s=NOW + 3800, lag_s=900)
    assert (
        catalog.partition_location("metrics", HOUR) == f"s3://exports/{job.claim.attempt.results('metrics')}"
    )
    entry = ledger.read([HOUR])[HOUR]
    assert entry.published is not None
    assert entry.published.run == job.claim.attempt.run
    assert first.claim.attempt.run in entry.replaced


def test_publishing_again_after_it_was_done_changes_nothing(ledger: ExportHoursLedger) -> None:
    """An invocation that died after its last step is repeated, and finds its own job."""
    bucket, catalog = MemoryBucket(), MemoryCatalog()
    job = unloaded(bucket, claimed(ledger))
    verified = verify_job(job, bucket, read_manifest)
    once = publish(job, verified, ledger, catalog, bucket, now_s=NOW, lag_s=900)
    calls = list(catalog.calls)
    assert publish(job, verified, ledger, catalog, bucket, now_s=NOW + 60, lag_s=900) == once
    assert catalog.calls == calls


def test_who_lost_the_hour_publishes_nothing(ledger: ExportHoursLedger) -> None:
    """After another execution took the hour over, the first one's files stay unseen."""
    bucket, catalog = MemoryBucket(), MemoryCatalog()
    job = unloaded(bucket, claimed(ledger))
    verified = verify_job(job, bucket, read_manifest)
    claimed(ledger, "other", NOW + LEASE_S + 1)
    with pytest.raises(LostClaim):
        publish(job, verified, ledger, catalog, bucket, now_s=NOW + LEASE_S + 2, lag_s=900)
    assert catalog.calls == []
    assert "metrics/2026-11-22/02/_hour.json" not in bucket.objects


def test_of_two_runs_one_has_the_hour(ledger: ExportHoursLedger) -> None:
    """The second is told who is at it."""
    claimed(ledger)
    held = ledger.claim(HOUR, "other", NOW + 60)
    assert not isinstance(held, Claim)
    assert held.claimed_by == "execution"


def test_without_a_manifest_nothing_is_verified(ledger: ExportHoursLedger) -> None:
    """Files without their manifest are the rest of an UNLOAD that failed."""
    bucket = MemoryBucket()
    job = unloaded(bucket, claimed(ledger))
    del bucket.objects[f"{job.claim.attempt.prefix('aggregates')}q_manifest.json"]
    with pytest.raises(Mismatch, match="manifest of aggregates is not there"):
        verify_job(job, bucket, read_manifest)


def test_fewer_rows_than_were_counted_is_a_mismatch(ledger: ExportHoursLedger) -> None:
    """Rows come in while an hour is exported, they do not go; more than counted is no fault."""
    bucket = MemoryBucket()
    claim = claimed(ledger)
    with pytest.raises(Mismatch, match="had 4 points, the files have 3"):
        verify_job(unloaded(bucket, claim, counted=4), bucket, read_manifest)
    verify_job(unloaded(bucket, claim, counted=2), bucket, read_manifest)


def test_points_without_aggregates_are_a_mismatch(ledger: ExportHoursLedger) -> None:
    """Both datasets have something, or neither."""
    bucket = MemoryBucket()
    job = unloaded(bucket, claimed(ledger), rows=0, counted=0)
    job = job.having("metrics", unloaded(bucket, job.claim).unloads["metrics"])
    with pytest.raises(Mismatch, match="3 points have"):
        verify_job(
            job.having("aggregates", Unload(rows=0)), MemoryBucketWithout(bucket, "aggregates"), read_manifest
        )


class MemoryBucketWithout(MemoryBucket):
    """A bucket without one dataset."""

    def __init__(self, bucket: MemoryBucket, dataset: str) -> None:
        super().__init__()
        self.objects = {key: body for key, body in bucket.objects.items() if not key.startswith(dataset)}


def test_an_empty_hour_is_published_as_empty(ledger: ExportHoursLedger) -> None:
    """Readers find the partition with nothing in it, and the status says that this is so."""
    bucket, catalog = MemoryBucket(), MemoryCatalog()
    claim = claimed(ledger)
    job = (
        ExportJob(claim, LAYOUT, PointCount(0))
        .having("metrics", Unload(rows=0))
        .having("aggregates", Unload(rows=0))
    )
    published = publish(
        job, verify_job(job, bucket, read_manifest), ledger, catalog, bucket, now_s=NOW, lag_s=900
    )
    assert published.rows == 0
    status = json.loads(bucket.objects["metrics/2026-11-22/02/_hour.json"])
    assert (status["state"], status["min_time"]) == ("empty", None)
    assert catalog.partition_location("metrics", HOUR) is not None
    assert state_of(HOUR, ledger.read([HOUR])[HOUR], NOW + 60, 900) == State.EMPTY


def test_a_hurried_hour_is_called_partial(ledger: ExportHoursLedger) -> None:
    """What was exported before the hour was complete does not pass for all of it."""
    bucket, catalog = MemoryBucket(), MemoryCatalog()
    job = unloaded(bucket, claimed(ledger, now_s=float(HOUR.start_s + 600)))
    publish(
        job,
        verify_job(job, bucket, read_manifest),
        ledger,
        catalog,
        bucket,
        now_s=HOUR.start_s + 630.0,
        lag_s=900,
    )
    assert json.loads(bucket.objects["metrics/2026-11-22/02/_hour.json"])["state"] == "partial"
    assert ledger.due(NOW, 10) == [HOUR]


def test_attempts_are_named_by_the_ledger(ledger: ExportHoursLedger) -> None:
    """Each claim is a new attempt, the same execution's repetition the same one."""
    first = claimed(ledger)
    assert claimed(ledger, now_s=NOW + 60) == first
    ledger.give_up(HOUR, "execution", "no", NOW + 70)
    second = claimed(ledger, now_s=NOW + 80)
    assert second.attempt == Attempt(HOUR, 2, NOW + 80)
