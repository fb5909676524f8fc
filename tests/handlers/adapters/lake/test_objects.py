"""The writers' objects in the bucket."""

import gzip
import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.lake.objects import LakeObjects
from handlers.adapters.s3.export_bucket import S3ExportBucket
from handlers.domain.exports.hour import Hour

HOUR = Hour.parse("2026-11-22T02")


@pytest.fixture
def bucket() -> Iterator[S3ExportBucket]:
    """An empty bucket."""
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="exports")
        yield S3ExportBucket(s3, "exports")


def lines(*hours: str) -> bytes:
    """An object with a point of each hour."""
    return gzip.compress("".join(f"{json.dumps({'event_hour': hour})}\n" for hour in hours).encode(), mtime=0)


def test_objects_are_found_by_their_hour(bucket: S3ExportBucket) -> None:
    """With the time they were written at; what is called otherwise is no hour."""
    for key in (
        "hot/event_hour=2026-11-22-02/a.gz",
        "hot/event_hour=2026-11-22-03/b.gz",
        "hot/event_hour=x/c.gz",
    ):
        bucket.write(key, b"")
    bucket.write("hot/other/d.gz", b"")
    objects = LakeObjects(bucket)
    assert objects.hours() == [HOUR, HOUR.plus(1)]
    (found,) = objects.of_hour(HOUR)
    assert found.key == "hot/event_hour=2026-11-22-02/a.gz"
    assert found.at_s > 1_600_000_000


def test_an_object_of_many_hours_says_which(bucket: S3ExportBucket) -> None:
    """Each line has its own."""
    bucket.write("late/a.gz", lines("2026-11-22-02", "2026-11-20-23", "2026-11-22-02"))
    objects = LakeObjects(bucket)
    assert [each.key for each in objects.shared()] == ["late/a.gz"]
    assert objects.hours_in("late/a.gz") == frozenset({HOUR, Hour.parse("2026-11-20T23")})


@pytest.mark.parametrize(
    "content",
    [b"no gzip", lines("2026-11-22-02")[:-9], lines("2026-11-22T02"), gzip.compress(b"[]\n{}", mtime=0)],
    ids=["no gzip", "cut", "no hour", "no lines"],
)
def test_an_object_that_cannot_be_read_is_left_alone(bucket: S3ExportBucket, content: bytes) -> None:
    """Nobody knows whose points are in it, and it goes when the lake forgets it."""
    bucket.write("late/a.gz", content)
    assert LakeObjects(bucket).hours_in("late/a.gz") is None
    assert LakeObjects(bucket).hours_in("late/gone.gz") is None


def test_objects_are_deleted(bucket: S3ExportBucket) -> None:
    """Those that are named."""
    for key in ("late/a.gz", "late/b.gz"):
        bucket.write(key, b"")
    assert LakeObjects(bucket).delete(["late/a.gz"]) == 1
    assert [each.key for each in LakeObjects(bucket).shared()] == ["late/b.gz"]
