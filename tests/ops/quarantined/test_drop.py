"""Points that are dropped: forgotten as what they were, and kept as having been there."""

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
from local.accounting import quarantined_points
from ops.errors import OperatorError
from ops.quarantined.drop import drop
from ops.quarantined.ledger import Note, note_redriven
from ops.quarantined.points import read_points
from ops.stack import Target
from ops.where import Place
from templates.config import load

BUCKET = "quarantine-bucket"
NOW_S = time.time()
SECRET = "4000-1234-5678-9010"


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """A deployment with three quarantined points of one request, which have something to be forgotten."""
    monkeypatch.setattr(Target, "outputs", lambda _: {"QuarantineBucketName": BUCKET})
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        arrival_ms = int(NOW_S * 1000) - 60_000
        record = StreamRecord("json", "shop", "r", arrival_ms, 77, "shard", b"")
        points = [
            WrittenPoint(
                record,
                index,
                Violation(reason, f"dimensions.{SECRET}", SECRET),
                {"metric_name": "m", "dimensions": {SECRET: SECRET}},
            )
            for index, reason in enumerate([Reason.VALUE_TYPE, Reason.VALUE_TYPE, Reason.BODY_FORM])
        ]
        s3.put_object(Bucket=BUCKET, Key=object_key([record]), Body=json_lines(points))
        yield Target(load("dev"), "us-east-1", "metrics-dev")


def options(**changes: Any) -> Namespace:
    """Options of a drop at the local run, consented to."""
    chosen = dict.fromkeys(("reason", "client", "metric", "body_format", "request", "from_", "to"))
    others = {"since": 86_400, "all": False, "why": "card numbers", "dry_run": False, "yes": True}
    return Namespace(**{**chosen, **others, "place": Place("here", local=True)} | changes)


def lines(target: Target) -> list[dict[str, Any]]:
    """The lines in the bucket."""
    s3 = target.client("s3")
    [entry] = s3.list_objects_v2(Bucket=BUCKET, Prefix="quarantine/")["Contents"]
    body = s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
    return [json.loads(line) for line in body.splitlines()]


def test_what_was_sent_is_forgotten_in_every_version(target: Target) -> None:
    """Nothing that the client wrote is left anywhere; who dropped it when and why, and that it was there, is."""
    assert drop(target, options()) == 0
    s3 = target.client("s3")
    versions = s3.list_object_versions(Bucket=BUCKET)["Versions"]
    texts = [
        s3.get_object(Bucket=BUCKET, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        for one in versions
    ]
    assert len(texts) == 1
    assert SECRET.encode() not in texts[0]
    found = lines(target)
    assert [(line["request_id"], line["index"], line["client"]) for line in found] == [
        ("r", index, "shop") for index in range(3)
    ]
    assert {line["dropped"]["why"] for line in found} == {"card numbers"}
    assert all(line["dropped"].keys() == {"at", "by", "why"} for line in found)
    assert quarantined_points(s3, BUCKET) == 3


def test_only_what_is_chosen_is_dropped_and_once(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    """The neighbours in the object stay; a second drop has nothing to do."""
    assert drop(target, options(reason="value_type", dry_run=True)) == 0
    assert "would drop 2 points" in capsys.readouterr().out
    assert not any("dropped" in line for line in lines(target))
    for said in ("dropped 2 points", "nothing to drop"):
        assert drop(target, options(reason="value_type")) == 0
        assert said in capsys.readouterr().out
    assert [SECRET in json.dumps(line) for line in lines(target)] == [False, False, True]
    points = read_points(target.client("s3"), BUCKET, since_s=0, span_s=0).points
    assert [point.index for point in points if point.waits] == [2]


def test_what_was_sent_again_is_dropped_if_all_are(target: Target) -> None:
    """It is stored by now, and its line is what is left of the quarantine."""
    note_redriven(target.client("s3"), BUCKET, [Note("r", 0, 0, NOW_S - 60, "x")], now_s=NOW_S)
    drop(target, options())
    assert ["dropped" in line for line in lines(target)] == [False, True, True]
    drop(target, options(all=True))
    assert all("dropped" in line for line in lines(target))


def test_another_drop_at_the_same_moment_is_not_undone(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object that changed since it was read is read again."""
    s3 = target.client("s3")
    monkeypatch.setattr(Target, "client", lambda *_: s3)
    others = [True]

    def meanwhile(**_: Any) -> None:
        if others:
            others.clear()
            drop(target, options(reason="body_form", why="other"))

    s3.meta.events.register("before-call.s3.PutObject", meanwhile)
    drop(target, options(reason="value_type"))
    assert [line["dropped"]["why"] for line in lines(target)] == ["card numbers", "card numbers", "other"]


def test_an_operator_is_asked_even_here(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is forgotten cannot be had back."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(OperatorError, match="forget for good what was sent of 3 points"):
        drop(target, options(yes=False))
    assert not any("dropped" in line for line in lines(target))
