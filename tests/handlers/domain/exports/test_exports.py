"""An hour's whole way out of a store that is not Timestream: what a second store has to bring, and nothing else."""

import json

from handlers.adapters.dynamodb.export_hours.cleanup import ExportHoursCleanup
from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.domain.deadline import Deadline
from handlers.domain.exports.choosing import choose
from handlers.domain.exports.cleanup import GRACE_S, clean_up_hour
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import Claim, PointCount, Unload, UnloadRequest, read_job
from handlers.domain.exports.manifest import File, Manifest
from handlers.domain.exports.ports import ExportBucket
from handlers.domain.exports.publishing import publish, verify_job
from handlers.domain.exports.request import ExportLimits, read_request
from handlers.domain.exports.unloading import count_points, poll_unloads, start_unloads
from handlers.vocabulary import DATASETS, TIMESTREAM
from tests.support.export_ports import HOUR, HOURS, NOW_S, MemoryBucket, MemoryCatalog
from tests.support.memory_dynamodb import MemoryDynamoDB

LIMITS = ExportLimits(900, 30)
AMPLE = Deadline(10_000, lambda: 0)


class ListStore:
    """A store that keeps points in a list. The token of an UNLOAD is its file's name, and its manifest is a line."""

    kind = TIMESTREAM
    call_s = 1.0
    longest_unload_s = 60.0

    def __init__(self, bucket: MemoryBucket, points: list[int]) -> None:
        self._bucket, self._points = bucket, points

    def layout(self, deadline: Deadline) -> Layout:
        """One dimension."""
        return Layout(("host",), written=bool(self._points))

    def count_points(self, hour: Hour, deadline: Deadline) -> PointCount:
        """The points of the hour."""
        return PointCount(len(self._within(hour)), str(min(self._points)), str(max(self._points)))

    def start_unload(self, request: UnloadRequest) -> Unload:
        """It takes a while."""
        return Unload(token=f"{request.prefix}results/points.txt")

    def poll_unload(self, request: UnloadRequest, unload: Unload) -> Unload:
        """File and manifest are there at once."""
        assert unload.token is not None
        found = self._within(request.hour)
        self._bucket.write(unload.token, repr(found).encode())
        line = f"{unload.token} {len(self._bucket.objects[unload.token])} {len(found)}"
        self._bucket.write(f"{request.prefix}manifest.txt", line.encode())
        return Unload(rows=len(found), manifest=f"s3://{self._bucket.name}/{request.prefix}manifest.txt")

    def stop_unload(self, unload: Unload) -> None:
        """It has ended."""

    def _within(self, hour: Hour) -> list[int]:
        return [time_s for time_s in self._points if hour.start_s <= time_s < hour.end_s]


def read_line(content: bytes, _: ExportBucket) -> Manifest:
    """The store's manifest."""
    key, size, rows = content.decode().split()
    return Manifest((File(key, int(size), int(rows)),), int(rows))


def test_an_hour_comes_out_of_another_store() -> None:
    """Chosen, claimed, counted, unloaded, verified and published; then replaced, and the first files are cleaned up."""
    dynamodb, bucket, catalog = MemoryDynamoDB(HOURS), MemoryBucket(), MemoryCatalog()
    ledger, cleanup = ExportHoursLedger(dynamodb, HOURS), ExportHoursCleanup(dynamodb, HOURS)
    points = [HOUR.start_s - 1, HOUR.start_s, HOUR.end_s - 1, HOUR.end_s]
    store = ListStore(bucket, points)

    def export(now_s: float, **payload: str) -> str:
        (hour,) = choose(read_request(payload, now_s, LIMITS), ledger, now_s, LIMITS).hours
        claim = ledger.claim(hour, f"execution at {now_s}", now_s)
        assert isinstance(claim, Claim)
        job = start_unloads(count_points(claim, store, AMPLE), store)
        job = poll_unloads(read_job(job.payload()), store, now_s, AMPLE)
        manifests = verify_job(job, bucket, read_line)
        publish(job, manifests, ledger, catalog, bucket, now_s=now_s, lag_s=900)
        return f"{job.claim.attempt.results('metrics')}points.txt"

    first = export(NOW_S)
    assert bucket.objects[first] == repr(points[1:3]).encode()
    assert json.loads(bucket.objects["metrics/2026-11-22/02/_hour.json"])["rows"] == 2
    points.append(HOUR.start_s + 7)
    second = export(NOW_S + 60, first=str(HOUR))
    assert catalog.partition_location("metrics", HOUR) == f"s3://exports/{second.removesuffix('points.txt')}"
    later_s = NOW_S + 60 + GRACE_S
    ((hour, _),) = cleanup.due(later_s, 9)
    assert clean_up_hour(cleanup.record(hour), DATASETS, catalog, bucket, later_s) == (4, None)
    assert (first in bucket.objects, second in bucket.objects) == (False, True)
