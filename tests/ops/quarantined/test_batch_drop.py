"""Batches that are dropped."""

import json
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops.errors import OperatorError
from ops.quarantined.batch_drop import drop
from ops.stack import Target
from ops.where import Place
from templates.config import load

BUCKET = "quarantine-bucket"


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """A deployment that gave up batches of each of its functions."""
    outputs = {"QuarantineBucketName": BUCKET, "MetricWriterName": "metrics-dev-MetricWriterFunction-X"}
    monkeypatch.setattr(Target, "outputs", lambda _: outputs)
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        for number, function in enumerate(("MetricWriter", "WindowAggregator", "RuleChanges")):
            arn = f"arn:aws:lambda:us-east-1:123456789012:function:metrics-dev-{function}Function-X"
            context = {"functionArn": arn, "condition": "RecordAgeExceeded"}
            batch = {"requestContext": context, "timestamp": "2026-11-22T08:00:00Z", "payload": "{}"}
            s3.put_object(Bucket=BUCKET, Key=f"aws/lambda/{number}/x", Body=json.dumps(batch))
        yield Target(load("dev"), "us-east-1", "metrics-dev")


def options(**changes: Any) -> Namespace:
    """Options of a drop at the local run, consented to."""
    return Namespace(
        **{
            "why": "stale",
            "rejected": False,
            "since": None,
            "from_": None,
            "to": None,
            "dry_run": False,
            "yes": True,
            "place": Place("here", local=True),
        }
        | changes
    )


def _keys(target: Target) -> list[str]:
    return [one["Key"] for one in target.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]


def test_batches_without_a_missing_point_are_dropped_and_noted(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    """How many of which function, by whom, when and why; the writer's stay."""
    assert drop(target, options(dry_run=True)) == 0
    assert len(_keys(target)) == 3
    assert drop(target, options()) == 0
    assert "dropped 2 batches" in capsys.readouterr().out
    batch, note = _keys(target)
    assert batch == "aws/lambda/0/x"
    said = json.loads(target.client("s3").get_object(Bucket=BUCKET, Key=note)["Body"].read())
    assert (said["why"], sum(said["batches"].values()), said.keys() >= {"at", "by"}) == ("stale", 2, True)
    assert drop(target, options()) == 0
    assert "nothing to drop: batches of the metric writer hold points" in capsys.readouterr().out


def test_reports_of_timestream_are_dropped_alone(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    """Its points lost against later ones, so none is missing."""
    target.client("s3").put_object(Bucket=BUCKET, Key="rejected/db/table/x.json", Body=b"{}")
    assert drop(target, options(rejected=True)) == 0
    assert "dropped 1 batch" in capsys.readouterr().out
    assert [key.partition("/")[0] for key in _keys(target)] == ["aws", "aws", "aws", "dropped"]
    assert drop(target, options(rejected=True)) == 0
    assert "reported on no late point" in capsys.readouterr().out


@pytest.mark.parametrize("rejected", [False, True])
def test_what_came_at_another_time_stays(target: Target, *, rejected: bool) -> None:
    """With a time, nothing is forgotten but what came to the bucket then."""
    target.client("s3").put_object(Bucket=BUCKET, Key="rejected/db/table/x.json", Body=b"{}")
    before = _keys(target)
    for times in ({"from_": "2099-01-01T00:00Z"}, {"to": "2020-01-01T00:00Z"}):
        assert drop(target, options(rejected=rejected, **times)) == 0
        assert _keys(target) == before


def test_an_operator_is_asked_even_here(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is forgotten cannot be had back."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(OperatorError, match="forget 2 batches for good"):
        drop(target, options(yes=False))
    assert len(_keys(target)) == 3
