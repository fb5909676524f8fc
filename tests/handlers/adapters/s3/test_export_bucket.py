"""The export bucket, over S3's protocol."""

import time
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.s3.models import s3_backends

from handlers.adapters.s3.export_bucket import S3ExportBucket
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.exports.manifest import Mismatch
from tests.support.scripted_client import Scripted


@pytest.fixture
def aws() -> Iterator[None]:
    """No account can be reached."""
    with mock_aws():
        yield


def test_listing_and_deleting_go_beyond_a_page(aws: None) -> None:
    """S3 lists and deletes a thousand objects at a time."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    for number in range(1100):
        s3_backends[ACCOUNT_ID]["aws"].put_object("bucket", f"metrics/day/02/run/results/{number:04}", b"x")
    s3.put_object(Bucket="bucket", Key="metrics/day/02/_hour.json", Body=b"{}")
    bucket = S3ExportBucket(s3, "bucket")
    assert len(list(bucket.listing("metrics/day/02/run/"))) == 1100
    assert bucket.folders("metrics/day/02/") == ["run"]
    assert bucket.delete(key for key, _ in bucket.listing("metrics/day/02/run/")) == 1100
    assert [key for key, _ in bucket.listing("")] == ["metrics/day/02/_hour.json"]


def test_the_end_of_an_object_is_read_alone(aws: None) -> None:
    """With the size of the whole; a shorter one is read whole, an empty one has no end, and one must be there."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    bucket = S3ExportBucket(s3, "bucket")
    bucket.write("a", b"0123456789")
    assert bucket.end_of("a", 3) == (b"789", 10)
    assert bucket.end_of("a", 30) == (b"0123456789", 10)
    bucket.write("a", b"")
    assert bucket.end_of("a", 3) == (b"", 0)
    with pytest.raises(Mismatch, match="z is in the manifest and not in the bucket"):
        bucket.end_of("z", 3)


def test_objects_have_the_time_they_were_written_at(aws: None) -> None:
    """In seconds since the epoch."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    bucket = S3ExportBucket(s3, "bucket")
    before_s = time.time()
    bucket.write("hot/a", b"")
    ((key, at_s),) = bucket.times("hot/")
    assert key == "hot/a"
    assert before_s - 1 <= at_s <= time.time()


def test_an_object_that_is_not_there_is_none(aws: None) -> None:
    """A missing manifest is an answer; a missing bucket is not."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    bucket = S3ExportBucket(s3, "bucket")
    bucket.write("a", b"1")
    assert (bucket.read("a"), bucket.read("b")) == (b"1", None)
    with pytest.raises(ConfigurationError, match="NoSuchBucket"):
        S3ExportBucket(s3, "nowhere").read("a")


def test_an_object_that_cannot_be_deleted_is_tried_again() -> None:
    """DeleteObjects succeeds as a whole and fails in parts."""
    s3 = Scripted({"Errors": [{"Key": "a", "Code": "InternalError"}]})
    with pytest.raises(TransientError, match="InternalError"):
        S3ExportBucket(s3, "bucket").delete(["a"])
