"""The ledger of points that were sent again."""

from datetime import UTC, datetime

import boto3
from moto import mock_aws

from ops.quarantined.ledger import Note, note_redriven, records_sent_twice, redriven_attempts

BUCKET = "quarantine-bucket"


def test_noted_lines_are_known_from_the_time_of_their_arrival() -> None:
    """Over hours, each by request, index and attempt, and never as points of the quarantine."""
    now_s = datetime.now(UTC).timestamp()
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        notes = [
            Note("a/b=", 0, 0, now_s - 60, "new"),
            Note("a/b=", 1, 2, now_s - 60, "new"),
            Note("c", 0, 0, now_s - 7200, "new"),
        ]
        note_redriven(s3, BUCKET, notes, now_s=now_s)
        note_redriven(s3, BUCKET, [Note("d", 5, 0, now_s - 30, "other")], now_s=now_s)
        found = redriven_attempts(s3, BUCKET, since_s=now_s - 3600)
        assert found >= {("a/b=", 0, 0), ("a/b=", 1, 2), ("d", 5, 0)}
        assert ("c", 0, 0) in redriven_attempts(s3, BUCKET, since_s=0)
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
        assert all(key.startswith("redriven/date=") for key in keys)
        note_redriven(s3, BUCKET, notes[::-1], now_s=now_s)
        assert len(s3.list_objects_v2(Bucket=BUCKET)["Contents"]) == len(keys)


def test_a_note_of_an_earlier_version_settles_the_first_attempt() -> None:
    """It says no attempt, as points had none."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(
            Bucket=BUCKET,
            Key="redriven/date=2026-11-22/hour=08/x.jsonl",
            Body=b'{"request_id":"a","index":3}\n',
        )
        assert redriven_attempts(s3, BUCKET, since_s=0) == {("a", 3, 0)}


def test_a_record_whose_points_went_in_a_larger_one_was_sent_twice() -> None:
    """Of two with the same points one; a record with a point of its own was not."""
    sent = {"all": (0, 1, 2), "some": (1, 2), "same": (0, 1, 2), "own": (2, 3)}
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        for name, indexes in sent.items():
            notes = [Note("a", index, 0, 1_763_769_600, name) for index in indexes]
            note_redriven(s3, BUCKET, notes, now_s=1_763_769_600)
        assert records_sent_twice(s3, BUCKET) == {"same", "some"}
