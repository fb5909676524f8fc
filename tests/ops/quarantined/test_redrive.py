"""Sending again: points through the API, batches to the metric writer."""

import io
import json
import time
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops import consent
from ops.errors import OperatorError
from ops.ingest_api import IngestApi
from ops.quarantined import redrive
from ops.quarantined.points import QuarantinedPoint
from ops.quarantined.redrive import batches, points
from ops.stack import Target
from ops.where import Place
from templates.config import load
from tests.support.answering_server import answering
from tidegauge_client import unsigned

BUCKET = "quarantine-bucket"
WRITER = "metrics-dev-writer"
OUTPUTS = {
    "QuarantineBucketName": BUCKET,
    "MetricWriterName": WRITER,
    "DimensionsTableName": "names",
    "TableName": "metrics",
}
NOW_S = time.time()


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """A deployment with an empty quarantine."""
    monkeypatch.setattr(Target, "outputs", lambda _: OUTPUTS)
    monkeypatch.setattr(redrive, "deployed_names", lambda _: ["host"])
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
        yield Target(load("dev"), "us-east-1", "metrics-dev")


def options(**changes: Any) -> Namespace:
    """Options of a redrive at the local run."""
    given = {"fix": [], "dry_run": False, "yes": False, "place": Place("here", local=True), **changes}
    return Namespace(**given)


def point(index: int = 0, **changes: Any) -> QuarantinedPoint:
    """A point that may be stored by now."""
    metric = {"metric_name": "m", "value": 1, "timestamp": int(NOW_S * 1000), **changes}
    return QuarantinedPoint("r", index, "-", NOW_S - 60, "timestamp_in_future", "timestamp", "", metric)


def _noted(target: Target) -> list[dict[str, Any]]:
    s3 = target.client("s3")
    found = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    texts = [s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read() for entry in found]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_points_are_sent_and_noted(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one request, and the next reading knows that they were."""
    with answering() as (url, bodies, _):
        monkeypatch.setattr(redrive, "ingest_api", lambda _: IngestApi(url, unsigned))
        assert points(target, options(), [point(0), point(1)]) == 0
    assert [len(body["metrics"]) for body in bodies] == [2]
    assert sorted((line["request_id"], line["index"]) for line in _noted(target)) == [("r", 0), ("r", 1)]


def test_what_would_not_be_stored_is_kept_and_said(
    target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the rules and by the names of the table; the others are sent, and the status says that some were not."""
    with answering() as (url, bodies, _):
        monkeypatch.setattr(redrive, "ingest_api", lambda _: IngestApi(url, unsigned))
        bad = [point(1, timestamp=1), point(2, dimensions={"Host": "a"})]
        assert points(target, options(), [point(0), *bad]) == 1
    assert len(bodies[0]["metrics"]) == 1
    assert [line["index"] for line in _noted(target)] == [0]
    shown = capsys.readouterr().out
    assert "timestamp_too_old" in shown
    assert "dimension_name_case" in shown


def test_a_refusal_ends_it_and_nothing_is_noted(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the API's answer; the points stay to be sent."""
    with answering(400) as (url, _, _):
        monkeypatch.setattr(redrive, "ingest_api", lambda _: IngestApi(url, unsigned))
        with pytest.raises(OperatorError, match="did not take the points: 400"):
            points(target, options(), [point()])
    assert _noted(target) == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_is_sent_unasked(target: Target, monkeypatch: pytest.MonkeyPatch, dry_run: bool) -> None:
    """A dry run sends nothing, and an account's operator is asked first."""

    def refuse(*_: object) -> None:
        raise OperatorError("asked")

    monkeypatch.setattr(consent, "expect", refuse)
    if dry_run:
        assert points(target, options(dry_run=True), [point()]) == 0
    else:
        with pytest.raises(OperatorError, match="asked"):
            points(target, options(), [point()])
    assert _noted(target) == []


class Lambda:
    """Answers invocations with what it is given, and keeps the events."""

    def __init__(self, answer: object = None, *, error: bool = False) -> None:
        self._answer = {"batchItemFailures": []} if answer is None else answer
        self._error = error
        self.events: list[Any] = []

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        """The answer."""
        assert arguments["FunctionName"] == WRITER
        self.events.append(json.loads(arguments["Payload"]))
        answer: dict[str, Any] = {"Payload": io.BytesIO(json.dumps(self._answer).encode())}
        return {**answer, "FunctionError": "Unhandled"} if self._error else answer


def _give_up(target: Target, name: str, function: str = WRITER) -> dict[str, Any]:
    event = {"Records": [{"kinesis": {"partitionKey": f"json/-/{name}", "sequenceNumber": "1"}}]}
    context = {
        "functionArn": f"arn:aws:lambda:us-east-1:1:function:{function}",
        "condition": "RetryAttemptsExhausted",
    }
    body = {"requestContext": context, "timestamp": "2026-11-22T08:00:00Z", "payload": json.dumps(event)}
    target.client("s3").put_object(Bucket=BUCKET, Key=f"aws/lambda/{function}/{name}", Body=json.dumps(body))
    return event


def _left(target: Target) -> list[str]:
    found = target.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [entry["Key"].rpartition("/")[2] for entry in found]


def test_batches_of_the_writer_are_handed_over_unchanged_and_deleted(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of other functions stay: their points are stored."""
    client = Lambda()
    monkeypatch.setattr(redrive, "_patient_lambda", lambda _: client)
    events = [_give_up(target, "a"), _give_up(target, "b")]
    _give_up(target, "c", "metrics-dev-aggregator")
    target.client("s3").put_object(Bucket=BUCKET, Key=f"aws/lambda/{WRITER}/d", Body=b"?")
    assert batches(target, options()) == 0
    assert client.events == events
    assert _left(target) == ["c", "d"]


@pytest.mark.parametrize(
    "client",
    [
        Lambda({"batchItemFailures": [{"itemIdentifier": "1"}]}),
        Lambda("?"),
        Lambda({"errorMessage": "x"}, error=True),
    ],
)
def test_a_batch_that_is_not_settled_stays(
    target: Target, monkeypatch: pytest.MonkeyPatch, client: Lambda
) -> None:
    """The store may refuse still, or the function fail."""
    monkeypatch.setattr(redrive, "_patient_lambda", lambda _: client)
    _give_up(target, "a")
    assert batches(target, options()) == 1
    assert _left(target) == ["a"]


def test_a_dry_run_hands_nothing_over(
    target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each batch is named with what would be handed over."""
    client = Lambda()
    monkeypatch.setattr(redrive, "_patient_lambda", lambda _: client)
    _give_up(target, "a")
    assert batches(target, options(dry_run=True)) == 0
    assert (client.events, _left(target)) == ([], ["a"])
    assert "1 request, given up at 2026-11-22T08:00:00Z (RetryAttemptsExhausted)" in capsys.readouterr().out
