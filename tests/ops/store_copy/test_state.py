"""The state of a copy."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.s3.export_bucket import S3ExportBucket
from handlers.domain.exports.hour import Hour
from ops.store_copy.state import CopyState, HourState

HOURS = [Hour.parse(f"2026-11-22T0{number}") for number in range(3)]
DONE = HourState(2, 10, 1, 1_700_000_000.5)


@pytest.fixture
def s3() -> Iterator[Any]:
    """A bucket."""
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket")
        yield client


def test_a_state_is_what_was_written_last(s3: Any) -> None:
    """By the hour and the source's database; an hour that nobody began has none."""
    state = CopyState(S3ExportBucket(s3, "bucket"), "metrics_dev")
    state.write(HOURS[1], HourState(attempt=1))
    state.write(HOURS[1], DONE)
    assert state.read_all(HOURS) == {HOURS[0]: HourState(), HOURS[1]: DONE, HOURS[2]: HourState()}
    assert CopyState(S3ExportBucket(s3, "bucket"), "other").read(HOURS[1]) == HourState()


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b'{"other": 1}'])
def test_a_state_that_cannot_be_understood_is_none(s3: Any, text: bytes) -> None:
    """So the hour is copied again."""
    s3.put_object(Bucket="bucket", Key=f"copy/metrics_dev/{HOURS[0]}.json", Body=text)
    assert CopyState(S3ExportBucket(s3, "bucket"), "metrics_dev").read(HOURS[0]) == HourState()


def test_only_a_finished_copy_has_the_points_it_counted() -> None:
    """Not more than those, which came later, but fewer: the source forgets."""
    assert [DONE.has(points) for points in (9, 10, 11)] == [True, True, False]
    assert not HourState(1, 10).has(10)
