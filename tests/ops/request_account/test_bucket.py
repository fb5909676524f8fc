"""The parts of a request in the quarantine's bucket."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws

from ops.request_account.account import Resent
from ops.request_account.bucket import Quarantine, batches_of, last_attempts, points_of, resent_points
from tests.support.quarantine_objects import BUCKET, ID, NOW_S, WRITER, batch, folder, line

HOUR_S = 3_600


@pytest.fixture
def quarantine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Quarantine]:
    """An empty bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield Quarantine(client, BUCKET, WRITER)


def put(quarantine: Quarantine, key: str, body: str) -> None:
    """Write an object."""
    quarantine.s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode())


@pytest.mark.parametrize("request_id", [ID, 'x" "y', "\u2028💥", "../x"])
def test_points_of_a_request_are_found_by_when_they_came_and_were_written(
    quarantine: Quarantine, request_id: str
) -> None:
    """In the hour of whichever of a batch's requests, each once and in order; of others there is none."""
    mine = "\n".join(
        [line(request_id, 4), line(f"{request_id}x", 0), line(request_id, 1), "{", line(request_id, 4)]
    )
    put(quarantine, f"{folder('quarantine', NOW_S - HOUR_S)}a.jsonl", mine)
    put(quarantine, f"{folder('quarantine', NOW_S)}b.jsonl", line(request_id, 1))
    put(quarantine, f"{folder('quarantine', NOW_S - 9 * HOUR_S)}c.jsonl", line(request_id, 9))
    written = (NOW_S, NOW_S)
    found, more = points_of(quarantine, request_id, arrived_s=NOW_S, written=written, span_s=2 * HOUR_S)
    assert ([point.index for point in found], more) == ([1, 4], False)
    later = (NOW_S + HOUR_S, NOW_S + HOUR_S)
    assert points_of(quarantine, request_id, arrived_s=NOW_S, written=later, span_s=HOUR_S) == ([], False)


def test_every_attempt_has_a_line_and_a_dropped_one_is_dropped(quarantine: Quarantine) -> None:
    """Of each index the last one counts."""
    first = f"{folder('quarantine', NOW_S)}a.jsonl"
    dropped = {**json.loads(line(ID, 0)), "payload": None, "dropped": {"why": "x"}}
    put(quarantine, first, "\n".join([json.dumps(dropped), line(ID, 0), line(ID, 1)]))
    again = {**json.loads(line(ID, 1, reason="value_missing")), "attempt": 1}
    put(quarantine, f"{folder('quarantine', NOW_S)}b.jsonl", json.dumps(again, separators=(",", ":")))
    found, _ = points_of(quarantine, ID, arrived_s=NOW_S, written=(NOW_S, NOW_S), span_s=HOUR_S)
    assert [(one.index, one.attempt, one.dropped) for one in found] == [
        (0, 0, True),
        (1, 0, False),
        (1, 1, False),
    ]
    assert [(one.index, one.reason) for one in last_attempts(found)] == [
        (0, "value_type"),
        (1, "value_missing"),
    ]


def test_points_that_were_sent_again_are_told_by_what_they_went_in(quarantine: Quarantine) -> None:
    """By the notes of the hour in which they arrived."""
    put(quarantine, f"{folder('quarantine', NOW_S)}a.jsonl", "\n".join(line(ID, index) for index in range(4)))
    written = (NOW_S, NOW_S)
    points, _ = points_of(quarantine, ID, arrived_s=NOW_S, written=written, span_s=HOUR_S)
    at = datetime.fromtimestamp(NOW_S, UTC).isoformat()
    notes = [
        {"request_id": name, "index": index, "redriven_at": at, "sent_as": sent_as}
        for name, index, sent_as in ((ID, 2, "one"), (ID, 0, "one"), ("other", 1, "one"), (ID, 3, "two"))
    ]
    put(quarantine, f"{folder('redriven', NOW_S)}n.jsonl", "\n".join(map(json.dumps, notes)))
    assert resent_points(quarantine, points) == [Resent("one", NOW_S, (0, 2)), Resent("two", NOW_S, (3,))]
    assert resent_points(quarantine, []) == []


def test_points_that_two_redrives_sent_count_in_the_larger_record(quarantine: Quarantine) -> None:
    """Or the account would have them stored twice, and fewer than none in the quarantine."""
    put(quarantine, f"{folder('quarantine', NOW_S)}a.jsonl", "\n".join(line(ID, index) for index in range(2)))
    points, _ = points_of(quarantine, ID, arrived_s=NOW_S, written=(NOW_S, NOW_S), span_s=HOUR_S)
    for name, sent_as, after_s, indexes in (("a", "both", 60, (0, 1)), ("b", "one", 0, (0,))):
        at = datetime.fromtimestamp(NOW_S + after_s, UTC).isoformat()
        notes = [
            {"request_id": ID, "index": index, "redriven_at": at, "sent_as": sent_as} for index in indexes
        ]
        put(quarantine, f"{folder('redriven', NOW_S)}{name}.jsonl", "\n".join(map(json.dumps, notes)))
    assert resent_points(quarantine, points) == [Resent("both", NOW_S + 60, (0, 1))]


def test_batches_with_a_request_are_told_apart_by_whose_they_are(quarantine: Quarantine) -> None:
    """Of the metric writer's the points are missing, of the others' none; both say how many there are."""
    put(quarantine, "aws/lambda/m1/s/1", batch(WRITER, "other", ID))
    put(quarantine, "aws/lambda/m1/s/2", batch(WRITER, "other"))
    put(quarantine, "aws/lambda/m2/s/1", batch("x-WindowAggregatorFunction-1", ID))
    put(quarantine, "aws/lambda/m3/s/1", "no batch")
    put(quarantine, "aws/lambda/m4/s/1", '{"payload": 1}')
    found, more = batches_of(quarantine, ID, since_s=NOW_S)
    assert not more
    assert sorted((one.key, one.points, one.of_writer, one.format, one.client) for one in found) == [
        ("aws/lambda/m1/s/1", 2, True, "json", "edge"),
        ("aws/lambda/m2/s/1", 2, False, "json", "edge"),
    ]
    assert batches_of(quarantine, ID, since_s=NOW_S + 9 * HOUR_S) == ([], False)
