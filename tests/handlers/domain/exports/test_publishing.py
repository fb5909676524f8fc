"""Publishing: verified, whole, repeatable, and only by whom the hour belongs to."""

import json
from collections.abc import Iterator, Sequence

import pytest

from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.domain.errors import TransientError
from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.columns import Column, Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.ledger import LEASE_SECONDS, Claim
from handlers.domain.exports.manifest import File, Mismatch
from handlers.domain.exports.publishing import publish, verify_work
from handlers.domain.exports.record import State, state_of
from handlers.domain.exports.unloading import LostClaim
from handlers.domain.exports.work import Extent, Unload, Work
from tests.handlers.domain.exports.test_manifest import manifest_document

HOUR = Hour.parse("2026-11-22T02")
NOW = float(HOUR.end + 900)
LAYOUT = Layout(("host",), written=True)


class MemoryBucket:
    """A bucket of bytes."""

    name = "exports"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def read(self, key: str) -> bytes | None:
        """An object, or None."""
        return self.objects.get(key)

    def listing(self, prefix: str) -> Iterator[tuple[str, int]]:
        """What lies below a prefix."""
        return ((key, len(body)) for key, body in sorted(self.objects.items()) if key.startswith(prefix))

    def write(self, key: str, content: bytes) -> None:
        """Puts an object."""
        self.objects[key] = content


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
        self.columns[dataset] = len(columns)
        return 0

    def location(self, dataset: str, hour: Hour) -> str | None:
        """Where readers are sent."""
        return self.locations.get((dataset, hour))

    def point(self, dataset: str, hour: Hour, location: str) -> None:
        """Sends readers elsewhere."""
        self._step(f"point {dataset}")
        self.locations[dataset, hour] = location

    def _step(self, name: str) -> None:
        if len(self.calls) >= self.fail_at:
            self.fail_at = 10**9
            raise TransientError("the catalog does not answer")
        self.calls.append(name)


def unloaded(bucket: MemoryBucket, claim: Claim, *, rows: int = 3, counted: int = 3) -> Work:
    """A work whose UNLOADs left what they should."""
    work = Work(
        claim, LAYOUT, Extent(counted, "2026-11-22 02:00:00.000000001", "2026-11-22 02:59:59.000000000")
    )
    for dataset, total in (("metrics", rows), ("aggregates", min(rows, 2))):
        results = claim.attempt.results(dataset)
        bucket.objects[f"{results}a.parquet"] = b"x" * 100
        file = File(f"{results}a.parquet", 100, total)
        key = f"{claim.attempt.prefix(dataset)}q_manifest.json"
        bucket.objects[key] = json.dumps(manifest_document((file,))).encode()
        work = work.having(dataset, Unload(rows=total, manifest=f"s3://exports/{key}"))
    return work


def claimed(ledger: HourTable, by: str = "execution", now: float = NOW) -> Claim:
    """A claim on the hour."""
    claim = ledger.claim(HOUR, by, now)
    assert isinstance(claim, Claim)
    return claim


def test_a_verified_hour_is_published(ledger: HourTable) -> None:
    """Readers are sent to the attempt's results, columns come first, and the status object says what there is."""
    bucket, catalog = MemoryBucket(), MemoryCatalog()
    claim = claimed(ledger)
    work = unloaded(bucket, claim)
    publish(work, verify_work(work, bucket), ledger, catalog, bucket, now=NOW + 30, lag_seconds=900)
    assert catalog.calls == ["columns metrics", "columns aggregates", "point aggregates", "point metrics"]
    assert catalog.location("metrics", HOUR) == f"s3://exports/{claim.attempt.results('metrics')}"
    status = json.loads(bucket.objects["metrics/2026-11-22/02/_hour.json"])
    assert status["state"] == "exported"
    assert status["rows"] == 3
    assert status["bytes"] == 200
    assert status["min_time"] == "2026-11-22T02:00:00.000000001Z"
    assert status["run"] == claim.attempt.run
    assert status["schema_version"] == 1
    assert [file["rows"] for file in status["datasets"]["metrics"]["files"]] == [3]
    assert state_of(HOUR, ledger.read([HOUR])[HOUR], NOW + 60, 900) == State.EXPORTED


@pytest.mark.parametrize("step", range(4))
def test_a_crash_at_any_step_is_made_good_by_doing_it_again(ledger: HourTable, step: int) -> None:
    """Each dataset's readers see the whole old or the whole new files at every moment, and a repetition finishes."""
    bucket, catalog = MemoryBucket(), MemoryCatalog()
    first = unloaded(bucket, claimed(ledger))
    publish(first, verify_work(first, bucket), ledger, catalog, bucket, now=NOW, lag_seconds=900)
    old = dict(catalog.locations)
    work = unloaded(bucket, claimed(ledger, "second", NOW + 3600))
    catalog.fail_at = len(catalog.calls) + step
    with pytest.raises(TransientError):
        publish(work, verify_work(work, bucket), ledger, catalog, bucket, now=NOW + 3700, lag_seconds=900)
    for (dataset, hour), location in catalog.locations.items():
        new = f"s3://exports/{work.claim.attempt.results(dataset)}"
        assert location in {old[dataset, hour], new}
    publish(work, verify_work(work, bucket), ledger, catalog, bucket, now=NOW + 3800, lag_seconds=900)
    assert catalog.location("metrics", HOUR) == f"s3://exports/{work.claim.attempt.results('metrics')}"
    entry = ledger.read([HOUR])[HOUR]
    assert entry.published is not None
    assert entry.published.run == work.claim.attempt.run
    assert first.claim.attempt.run in entry.replaced


def test_publishing_again_after_it_was_done_changes_nothing(ledger: HourTable) -> None:
    """An invocation that died after its last step is repeated, and finds its own work."""
    bucket, catalog = MemoryBucket(), MemoryCatalog()
    work = unloaded(bucket, claimed(ledger))
    verified = verify_work(work, bucket)
    once = publish(work, verified, ledger, catalog, bucket, now=NOW, lag_seconds=900)
    calls = list(catalog.calls)
    assert publish(work, verified, ledger, catalog, bucket, now=NOW + 60, lag_seconds=900) == once
    assert catalog.calls == calls


def test_who_lost_the_hour_publishes_nothing(ledger: HourTable) -> None:
    """After somebody else took the hour over, the first one's files stay unseen."""
    bucket, catalog = MemoryBucket(), MemoryCatalog()
    work = unloaded(bucket, claimed(ledger))
    verified = verify_work(work, bucket)
    claimed(ledger, "other", NOW + LEASE_SECONDS + 1)
    with pytest.raises(LostClaim):
        publish(work, verified, ledger, catalog, bucket, now=NOW + LEASE_SECONDS + 2, lag_seconds=900)
    assert catalog.calls == []
    assert "metrics/2026-11-22/02/_hour.json" not in bucket.objects


def test_of_two_runs_one_has_the_hour(ledger: HourTable) -> None:
    """The second is told who is at it."""
    claimed(ledger)
    held = ledger.claim(HOUR, "other", NOW + 60)
    assert not isinstance(held, Claim)
    assert held.claimed_by == "execution"


def test_without_a_manifest_nothing_is_verified(ledger: HourTable) -> None:
    """Files without their manifest are the rest of an UNLOAD that failed."""
    bucket = MemoryBucket()
    work = unloaded(bucket, claimed(ledger))
    del bucket.objects[f"{work.claim.attempt.prefix('aggregates')}q_manifest.json"]
    with pytest.raises(Mismatch, match="manifest of aggregates is not there"):
        verify_work(work, bucket)


def test_fewer_rows_than_were_counted_is_a_mismatch(ledger: HourTable) -> None:
    """Rows come in while an hour is exported, they do not go; more than counted is no fault."""
    bucket = MemoryBucket()
    claim = claimed(ledger)
    with pytest.raises(Mismatch, match="had 4 points, the files have 3"):
        verify_work(unloaded(bucket, claim, counted=4), bucket)
    verify_work(unloaded(bucket, claim, counted=2), bucket)


def test_points_without_aggregates_are_a_mismatch(ledger: HourTable) -> None:
    """Both datasets have something, or neither."""
    bucket = MemoryBucket()
    work = unloaded(bucket, claimed(ledger), rows=0, counted=0)
    work = work.having("metrics", unloaded(bucket, work.claim).unloads["metrics"])
    with pytest.raises(Mismatch, match="3 points have"):
        verify_work(work.having("aggregates", Unload(rows=0)), MemoryBucketWithout(bucket, "aggregates"))


class MemoryBucketWithout(MemoryBucket):
    """A bucket without one dataset."""

    def __init__(self, bucket: MemoryBucket, dataset: str) -> None:
        super().__init__()
        self.objects = {key: body for key, body in bucket.objects.items() if not key.startswith(dataset)}


def test_an_empty_hour_is_published_as_empty(ledger: HourTable) -> None:
    """Readers find the partition with nothing in it, and the status says that this is so."""
    bucket, catalog = MemoryBucket(), MemoryCatalog()
    claim = claimed(ledger)
    work = (
        Work(claim, LAYOUT, Extent(0)).having("metrics", Unload(rows=0)).having("aggregates", Unload(rows=0))
    )
    published = publish(work, verify_work(work, bucket), ledger, catalog, bucket, now=NOW, lag_seconds=900)
    assert published.rows == 0
    status = json.loads(bucket.objects["metrics/2026-11-22/02/_hour.json"])
    assert (status["state"], status["min_time"]) == ("empty", None)
    assert catalog.location("metrics", HOUR) is not None
    assert state_of(HOUR, ledger.read([HOUR])[HOUR], NOW + 60, 900) == State.EMPTY


def test_a_hurried_hour_is_called_partial(ledger: HourTable) -> None:
    """What was exported before the hour was complete does not pass for all of it."""
    bucket, catalog = MemoryBucket(), MemoryCatalog()
    work = unloaded(bucket, claimed(ledger, now=float(HOUR.start + 600)))
    publish(work, verify_work(work, bucket), ledger, catalog, bucket, now=HOUR.start + 630.0, lag_seconds=900)
    assert json.loads(bucket.objects["metrics/2026-11-22/02/_hour.json"])["state"] == "partial"
    assert ledger.due(NOW, 10) == [HOUR]


def test_attempts_are_named_by_the_ledger(ledger: HourTable) -> None:
    """Each claim is a new attempt, the same execution's repetition the same one."""
    first = claimed(ledger)
    assert claimed(ledger, now=NOW + 60) == first
    ledger.give_up(HOUR, "execution", "no", NOW + 70)
    second = claimed(ledger, now=NOW + 80)
    assert second.attempt == Attempt(HOUR, 2, NOW + 80)
