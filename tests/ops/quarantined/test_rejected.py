"""Timestream's reports on late points."""

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops.quarantined.rejected import Report, reports

BUCKET = "quarantine-bucket"
RECORD = {"Reason": "a version that is not later", "ExistingVersion": 7, "Dimensions": [{"Name": "host"}]}


def read(*bodies: bytes, since_s: float = 0, until_s: float = 1e12) -> list[Report]:
    """The reports with these contents, in a bucket that has other things."""
    with mock_aws():
        s3: Any = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="quarantine/x.jsonl", Body=b"{}")
        for number, body in enumerate(bodies):
            s3.put_object(Bucket=BUCKET, Key=f"rejected/db/table/{number}", Body=body)
        return list(reports(s3, BUCKET, since_s=since_s, until_s=until_s))


@pytest.mark.parametrize(
    "body",
    [
        json.dumps([RECORD, RECORD]),
        json.dumps({"rejectedRecords": [{"record": RECORD}]}),
        json.dumps(RECORD) + "\n" + json.dumps({"reason": RECORD["Reason"]}),
    ],
)
def test_a_report_tells_its_reasons_in_whatever_form(body: str) -> None:
    """Each once; all of it is there to be looked at."""
    [found] = read(body.encode())
    assert (found.reasons, found.text, found.size) == (("a version that is not later",), body, len(body))


@pytest.mark.parametrize("body", [b"", b"\xff", b"no JSON", b"[" * 100_000, b"7"])
def test_a_report_that_cannot_be_read_is_listed(body: bytes) -> None:
    """With its size and without a reason."""
    [found] = read(body)
    assert (found.key, found.reasons, found.size) == ("rejected/db/table/0", (), len(body))


def test_reports_are_chosen_by_when_they_were_written() -> None:
    """As points are by their arrival."""
    assert read(b"{}", until_s=1) == []
    assert read(b"{}", since_s=1e11) == []
