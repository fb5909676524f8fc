"""Batches that were given up, as Lambda writes them."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops.quarantined.batches import Batch, read_batch, writer_batches

BUCKET = "quarantine-bucket"
KEY = "aws/lambda/uuid/shardId-000000000000/2026/11/22/2026-11-22T08.00.00-id"


@pytest.fixture
def s3() -> Iterator[Any]:
    """An empty quarantine."""
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def _keys(s3: Any, writer: str) -> list[str]:
    return [entry["Key"] for entry in writer_batches(s3, BUCKET, writer)]


def test_a_batch_is_read_with_its_event_as_it_was(s3: Any) -> None:
    """And with what an operator wants to know of it."""
    record = {"kinesis": {"partitionKey": "json/-/a/b=", "data": base64.b64encode(b"{}").decode()}}
    event = json.dumps({"Records": [record]})
    given = {
        "requestContext": {
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:metrics-dev-writer:7",
            "condition": "RecordAgeExceeded",
        },
        "timestamp": "2026-11-22T08:00:00.000Z",
        "payload": event,
    }
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=json.dumps(given))
    s3.put_object(Bucket=BUCKET, Key="quarantine/date=2026-11-22/hour=08/x.jsonl", Body=b"")
    assert _keys(s3, "metrics-dev-writer") == [KEY]
    assert _keys(s3, "another") == []
    batch = read_batch(s3, BUCKET, KEY)
    assert batch == Batch(KEY, "metrics-dev-writer", "2026-11-22T08:00:00.000Z", "RecordAgeExceeded", event)
    assert batch.requests == ["a/b="]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"requestContext": {}, "payload": "{"}'])
def test_what_is_no_batch_is_none(s3: Any, body: bytes) -> None:
    """Nor is what was forgotten since it was listed."""
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=body)
    assert read_batch(s3, BUCKET, KEY) is None
    assert read_batch(s3, BUCKET, "gone") is None


def test_batches_of_an_earlier_stack_are_the_writers_too(s3: Any) -> None:
    """The function's name ended otherwise; those of other functions hold no points that are missing."""
    for number, function in enumerate(
        ["metrics-dev-MetricWriterFunction-OLD", "metrics-dev-WindowAggregatorFunction-X"]
    ):
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function}"
        given = {
            "requestContext": {"functionArn": arn, "condition": "x"},
            "timestamp": "2026-11-22T08:00:00.000Z",
            "payload": "{}",
        }
        s3.put_object(Bucket=BUCKET, Key=f"aws/lambda/{number}/x", Body=json.dumps(given))
    assert _keys(s3, "metrics-dev-MetricWriterFunction-NEW") == ["aws/lambda/0/x"]
