"""Objects by day and hour, the newest first."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops.quarantined.bucket import forget, newest_entries

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


class Bucket:
    """Lists objects by what was written when."""

    def __init__(self, written: dict[str, datetime]) -> None:
        self._written = written

    def get_paginator(self, _: str) -> "Bucket":
        """Itself."""
        return self

    def paginate(self, *, Bucket: str, Prefix: str, Delimiter: str = "") -> Iterator[dict[str, Any]]:  # noqa: N803
        """A page of what begins so."""
        keys = [key for key in self._written if key.startswith(Prefix)]
        if Delimiter:
            folders = {Prefix + key[len(Prefix) :].split("/")[0] + "/" for key in keys}
            yield {"CommonPrefixes": [{"Prefix": folder} for folder in folders]}
        else:
            yield {"Contents": [{"Key": key, "LastModified": self._written[key]} for key in keys]}


def test_the_newest_come_first_and_what_was_written_before_is_left_out() -> None:
    """An object is written after its points have come, so one that is older than the time asked for has none since."""
    bucket = Bucket(
        {
            "q/date=2026-11-22/hour=08/c": NOW - timedelta(minutes=1),
            "q/date=2026-11-22/hour=08/a": NOW - timedelta(minutes=10),
            "q/date=2026-11-22/hour=08/b": NOW - timedelta(minutes=2),
            "q/date=2026-11-22/hour=07/z": NOW - timedelta(minutes=3),
            "q/date=2026-11-22/hour=06/y": NOW - timedelta(minutes=3),
            "q/date=2026-11-21/hour=23/x": NOW,
        }
    )
    found = newest_entries(bucket, "b", "q/", since_s=NOW.timestamp() - 300)
    assert [entry["Key"][-1] for entry in found] == ["c", "b"]


def test_hours_after_the_time_asked_for_are_left_out() -> None:
    """Days, too."""
    keys = [f"q/date=2026-11-{day}/hour={hour:02}/a" for day in (21, 22, 23) for hour in (7, 8, 9)]
    bucket = Bucket(dict.fromkeys(keys, NOW + timedelta(days=9)))
    until_s = datetime(2026, 11, 22, 8, 30, tzinfo=UTC).timestamp()
    found = newest_entries(bucket, "b", "q/", since_s=until_s - 3600, until_s=until_s)
    assert [entry["Key"] for entry in found] == keys[4:2:-1]


@pytest.mark.parametrize("but_the_latest", [True, False])
def test_an_object_is_forgotten_in_every_version(but_the_latest: bool) -> None:
    """And no other whose key begins like its."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="bucket")
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
        for key, body in (("k", b"1"), ("k", b"2"), ("k2", b"3")):
            s3.put_object(Bucket="bucket", Key=key, Body=body)
        forget(s3, "bucket", "k", but_the_latest=but_the_latest)
        found = [version["Key"] for version in s3.list_object_versions(Bucket="bucket").get("Versions", [])]
        assert found == (["k", "k2"] if but_the_latest else ["k2"])
