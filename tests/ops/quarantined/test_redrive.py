"""Points sent again by the stream."""

import json
import time
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.quarantine import QuarantinedPoint as WrittenPoint
from handlers.domain.ingest.quarantine import json_lines, object_key
from handlers.domain.violation import Reason, Violation
from ops import consent
from ops.errors import OperatorError
from ops.quarantined import redrive, resending
from ops.quarantined.ledger import note_redriven
from ops.quarantined.redrive import points
from ops.stack import Target
from ops.where import Place
from templates.config import load

BUCKET = "quarantine-bucket"
WRITER = "metrics-dev-writer"
STREAM = "stream"
OUTPUTS = {
    "QuarantineBucketName": BUCKET,
    "MetricWriterName": WRITER,
    "StreamName": STREAM,
    "DimensionsTableName": "names",
    "TableName": "metrics",
}
NOW_S = time.time()


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """A deployment with an empty quarantine and stream."""
    monkeypatch.setattr(Target, "outputs", lambda _: OUTPUTS)
    monkeypatch.setattr(redrive, "deployed_names", lambda _: ["host"])
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
        boto3.client("kinesis", region_name="us-east-1").create_stream(StreamName=STREAM, ShardCount=1)
        yield Target(load("dev"), "us-east-1", "metrics-dev")


def options(**changes: Any) -> Namespace:
    """Options of a redrive at the local run."""
    chosen = dict.fromkeys(("reason", "client", "metric", "body_format", "request", "from_", "to"))
    of_points = {**chosen, "since": 86_400, "all": False, "rate": 1e5}
    given: dict[str, Any] = {
        "fix": [],
        "dry_run": False,
        "yes": False,
        "place": Place("here", local=True),
        **of_points,
    }
    return Namespace(**given | changes)


def quarantine(target: Target, *metrics: dict[str, Any]) -> None:
    """Set points of one request aside, which arrived a minute ago and may be stored by now."""
    arrival_ms = int(NOW_S * 1000) - 60_000
    record = StreamRecord("json", "-", "r", arrival_ms, 77, "shard", b"")
    violation = Violation(Reason.TIMESTAMP_IN_FUTURE, "timestamp", "")
    points = [WrittenPoint(record, index, violation, metric) for index, metric in enumerate(metrics)]
    target.client("s3").put_object(Bucket=BUCKET, Key=object_key([record]), Body=json_lines(points))


def metric(**changes: Any) -> dict[str, Any]:
    """A metric of now."""
    return {"metric_name": "m", "value": 1, "timestamp": int(NOW_S * 1000), **changes}


def sent(target: Target) -> list[dict[str, Any]]:
    """The bodies on the stream."""
    kinesis = target.client("kinesis")
    shard = kinesis.get_shard_iterator(
        StreamName=STREAM, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )
    return [json.loads(one["Data"]) for one in kinesis.get_records(**_only_iterator(shard))["Records"]]


def _only_iterator(answer: dict[str, Any]) -> dict[str, Any]:
    return {"ShardIterator": answer["ShardIterator"]}


def _noted(target: Target) -> list[dict[str, Any]]:
    s3 = target.client("s3")
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix="redriven/").get("Contents", [])
    texts = [s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read() for entry in found]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_points_are_sent_and_noted(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    """In one record, under their request; the next redrive leaves them out, unless all are asked for."""
    quarantine(target, metric(), metric(value=2))
    assert points(target, options()) == 0
    [body] = sent(target)
    assert (body["request_id"], body["sequence"], body["attempt"]) == ("r", "77", 1)
    assert [point["index"] for point in body["points"]] == [0, 1]
    assert sorted((line["request_id"], line["index"]) for line in _noted(target)) == [("r", 0), ("r", 1)]
    assert points(target, options()) == 0
    assert len(sent(target)) == 1
    assert points(target, options(all=True)) == 0
    assert sent(target) == [body, body]
    shown = capsys.readouterr()
    assert "sent 2 points" in shown.out
    assert "nothing to send" in shown.out
    assert "2 of 2 points sent" in shown.err


def test_what_would_not_be_stored_is_kept_and_said(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the rules and by the names of the table; the others are sent, and the status says that some were not."""
    quarantine(target, metric(), metric(timestamp=1), metric(dimensions={"Host": "a"}))
    assert points(target, options()) == 1
    assert [point["index"] for body in sent(target) for point in body["points"]] == [0]
    assert [line["index"] for line in _noted(target)] == [0]
    shown = capsys.readouterr().out
    assert "timestamp_too_old" in shown
    assert "dimension_name_case" in shown


def test_an_interrupted_redrive_goes_on(
    target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was sent before Ctrl-C is noted; the same command sends the others, and each is sent once."""
    quarantine(target, *[metric(value=value, dimensions={"host": "a" * 100}) for value in range(1200)])
    notes = note_redriven

    def interrupted(*arguments: Any, **named: Any) -> None:
        notes(*arguments, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(resending, "note_redriven", interrupted)
    assert points(target, options(rate=500)) == 130
    assert "the same command goes on" in capsys.readouterr().out
    monkeypatch.setattr(resending, "note_redriven", notes)
    assert points(target, options()) == 0
    assert sorted(point["index"] for body in sent(target) for point in body["points"]) == list(range(1200))


@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_is_sent_unasked(target: Target, monkeypatch: pytest.MonkeyPatch, dry_run: bool) -> None:
    """A dry run sends nothing, and an account's operator is asked first."""

    def refuse(*_: object) -> None:
        raise OperatorError("asked")

    monkeypatch.setattr(consent, "expect", refuse)
    quarantine(target, metric())
    if dry_run:
        assert points(target, options(dry_run=True)) == 0
    else:
        with pytest.raises(OperatorError, match="asked"):
            points(target, options())
    assert (sent(target), _noted(target)) == ([], [])
