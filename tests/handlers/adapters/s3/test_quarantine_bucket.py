"""The quarantine in S3."""

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from handlers.adapters.aws import client
from handlers.adapters.s3.quarantine_bucket import QuarantineBucket
from handlers.domain.errors import ConfigurationError, TransientError
from tests.support.function_resources import BUCKET


def test_writing_a_key_again_replaces_it(aws: None) -> None:
    """A retried batch leaves one object."""
    quarantine = QuarantineBucket(client("s3", read_timeout=2, attempts=1), BUCKET)
    quarantine.put("quarantine/a.jsonl", b"{}\n{}\n")
    quarantine.put("quarantine/a.jsonl", b"{}\n")
    [item] = boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert (item["Key"], item["Size"]) == ("quarantine/a.jsonl", 3)


def test_a_missing_bucket_is_a_matter_of_configuration(aws: None) -> None:
    """It does not come by waiting."""
    with pytest.raises(ConfigurationError, match=r"^PutObject: NoSuchBucket$"):
        QuarantineBucket(client("s3", read_timeout=2, attempts=1), "nowhere").put("key", b"")


def test_a_bucket_out_of_reach_is_a_transient_failure(aws: None) -> None:
    """The object may still be written later."""
    s3 = client("s3", read_timeout=2, attempts=1)

    def drop(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://example.invalid")

    s3.meta.events.register_first("before-send.s3", drop)
    with pytest.raises(TransientError, match=r"^EndpointConnectionError$"):
        QuarantineBucket(s3, BUCKET).put("key", b"")
