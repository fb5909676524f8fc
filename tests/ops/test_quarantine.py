"""`ops quarantine` from the command line."""

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.quarantine import QuarantinedPoint, json_lines, object_key
from handlers.domain.violation import Reason, Violation
from ops.__main__ import main
from ops.stack import Target

BUCKET = "quarantine-bucket"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The quarantine of a deployment, empty."""
    monkeypatch.setattr(Target, "outputs", lambda _: {"QuarantineBucketName": BUCKET})
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def put(s3: Any, reason: Reason, metric: str, *, age_s: float) -> None:
    """Quarantine a point of that age."""
    arrival_ms = int((time.time() - age_s) * 1000)
    record = StreamRecord("json", "-", f"request-{arrival_ms}", arrival_ms, arrival_ms, "shard", b"")
    point = QuarantinedPoint(record, 0, Violation(reason, "value", f"{reason}!"), {"metric_name": metric})
    s3.put_object(Bucket=BUCKET, Key=object_key([record]), Body=json_lines([point]))


def test_points_of_the_last_hour_are_listed(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """With reason, metric and request, and nothing that a client wrote reaches the terminal raw."""
    put(s3, Reason.VALUE_TYPE, "cpu\x1b[2J", age_s=60)
    put(s3, Reason.VALUE_TYPE, "older", age_s=7200)
    assert main(["quarantine", "list"]) == 0
    shown = capsys.readouterr().out
    assert "value_type" in shown
    assert "cpu�[2J" in shown
    assert "older" not in shown
    assert shown.endswith("(1 point)\n")


@pytest.mark.parametrize(("by", "first"), [("reason", "value_type"), ("metric", "m"), ("client", "-")])
def test_points_are_counted_by_what_they_have_in_common(
    s3: Any, capsys: pytest.CaptureFixture[str], by: str, first: str
) -> None:
    """The largest group stands first, with its number."""
    for number in range(2):
        put(s3, Reason.VALUE_TYPE, "m", age_s=3600 * 5 + number)
    put(s3, Reason.BODY_FORM, "m", age_s=3600 * 20)
    assert main(["quarantine", "list", "--since", "1d", "--by", by]) == 0
    row = capsys.readouterr().out.splitlines()[2].split()
    assert row[0] == first
    assert row[2] == ("2" if by == "reason" else "3")


@pytest.mark.parametrize("period", ["", "1", "h", "1 h", "1w", "-1h", "1.5h", "1h30m", "٣h", "9999999d"])
def test_a_period_that_is_none_is_refused(period: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what was given and what was expected."""
    with pytest.raises(SystemExit):
        main(["quarantine", "list", f"--since={period}"])
    assert f"{period!r}: expected a number with s, m, h or d" in capsys.readouterr().err
