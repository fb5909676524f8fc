"""The ledger of points that were sent again."""

from datetime import UTC, datetime

import boto3
from moto import mock_aws

from ops.quarantined.ledger import note_redriven, redriven_points

BUCKET = "quarantine-bucket"


def test_noted_points_are_known_from_the_time_of_their_arrival() -> None:
    """Over hours, each by request and index, and never as points of the quarantine."""
    now_s = datetime.now(UTC).timestamp()
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        points = [(("a/b=", 0), now_s - 60), (("a/b=", 1), now_s - 60), (("c", 0), now_s - 7200)]
        note_redriven(s3, BUCKET, points, sent_as="new", now_s=now_s)
        note_redriven(s3, BUCKET, [(("d", 5), now_s - 30)], sent_as="other", now_s=now_s)
        assert redriven_points(s3, BUCKET, since_s=now_s - 3600) >= {("a/b=", 0), ("a/b=", 1), ("d", 5)}
        assert ("c", 0) in redriven_points(s3, BUCKET, since_s=0)
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
        assert all(key.startswith("redriven/date=") for key in keys)
