"""What was given up whole."""

import json
from base64 import b64encode
from typing import Any

from moto import mock_aws

from ops.points.counter import PointCounter
from ops.quarantined.batches import Batch
from ops.quarantined.given_up import GivenUp, points_by_request, read_given_up
from ops.stack import client

BUCKET, WRITER = "quarantine", "stack-MetricWriterFunction-1"
TWO = b'{"metrics": [{"metric_name": "a", "value": 1}, {"metric_name": "b", "value": 2}]}'


def records(*bodies: bytes) -> list[dict[str, Any]]:
    """Records of a stream, the requests r/0=, r/1= and so on."""
    return [
        {"kinesis": {"partitionKey": f"json/-/r/{number}=", "data": b64encode(body).decode()}}
        for number, body in enumerate(bodies)
    ]


def invocation_record(function: str, event: Any) -> bytes:
    """An object of Lambda's."""
    context = {
        "functionArn": f"arn:aws:lambda:r:1:function:{function}:$LATEST",
        "condition": "RecordAgeExceeded",
    }
    return json.dumps(
        {"requestContext": context, "timestamp": "2026-01-01T00:00:00Z", "payload": json.dumps(event)}
    ).encode()


def bucket(monkeypatch: Any, **objects: bytes) -> Any:
    """A client of a bucket with these objects."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    s3 = client("s3", "us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    for key, body in objects.items():
        s3.put_object(Bucket=BUCKET, Key=f"aws/lambda/{key}", Body=body)
    return s3


@mock_aws
def test_the_writers_points_are_counted_and_others_batches_stand_apart(monkeypatch: Any) -> None:
    """One for a body that says nothing; an earlier stack's writer counts, and no batch of alerts lacks a point."""
    batch = {"Records": records(TWO, b"{")}
    s3 = bucket(
        monkeypatch,
        **{
            "m1/shard/1": invocation_record(WRITER, batch),
            "m1/shard/2": invocation_record(WRITER, batch),
            "m2/shard/1": invocation_record("old-MetricWriterFunction-7", batch),
            "m3/shard/1": invocation_record("stack-WindowAggregatorFunction-2", batch),
            "m4/shard/1": invocation_record("stack-RuleChangesFunction-3", {"Records": [{"dynamodb": {}}]}),
        },
    )
    found = read_given_up(s3, BUCKET, WRITER)
    assert found == GivenUp(
        9,
        tuple(f"s3://{BUCKET}/aws/lambda/{key}" for key in ("m1/shard/1", "m1/shard/2", "m2/shard/1")),
        others={"stack-WindowAggregatorFunction-2": 1, "stack-RuleChangesFunction-3": 1},
    )
    assert list(found.lines()) == [
        "3 batches given up whole, 9 points",
        "1 batch given up by WindowAggregator: no point is missing, but alerts have not seen those in them",
        "1 batch given up by RuleChanges: no point is missing; the next evaluation ended the alerts of those rules",
    ]


@mock_aws
def test_no_more_batches_are_read_than_asked_for_and_that_is_said(monkeypatch: Any) -> None:
    """All of them are counted."""
    batch = invocation_record(WRITER, {"Records": records(TWO)})
    found = read_given_up(
        bucket(monkeypatch, **{f"m/s/{n}": batch for n in range(3)}), BUCKET, WRITER, most=2
    )
    assert (found.points, len(found.objects), found.uncounted) == (4, 3, 1)
    assert list(found.lines()) == ["3 batches given up whole, 4 points in the first 2 of them"]


@mock_aws
def test_an_empty_bucket_says_nothing(monkeypatch: Any) -> None:
    """No line is shown where nothing was given up; what is no batch has no points."""
    assert list(read_given_up(bucket(monkeypatch), BUCKET, WRITER).lines()) == []


def test_points_are_told_by_request() -> None:
    """By an id that may hold slashes."""
    batch = Batch("k", WRITER, "", "", json.dumps({"Records": records(TWO, b"{")}))
    assert list(points_by_request(batch, PointCounter())) == [("r/0=", 2), ("r/1=", 1)]


@mock_aws
def test_points_of_requests_that_are_accounted_for_elsewhere_are_not_given_up(monkeypatch: Any) -> None:
    """A batch may lie there whole of which some was settled: counted twice, it would hide what is lost."""
    s3 = bucket(monkeypatch, **{"m/1": invocation_record(WRITER, {"Records": records(TWO, TWO, TWO)})})
    assert read_given_up(s3, BUCKET, WRITER).points == 6
    found = read_given_up(s3, BUCKET, WRITER, settled={"r/0=", "r/2="})
    assert (found.points, len(found.objects)) == (2, 1)
