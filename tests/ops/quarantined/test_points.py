"""Reading the quarantine: since a time, newest first, each point once, within bounds."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.quarantine import QuarantinedPoint as WrittenPoint
from handlers.domain.ingest.quarantine import json_lines, object_key
from handlers.domain.violation import Reason, Violation
from ops.errors import OperatorError
from ops.quarantined.ledger import Note, note_redriven
from ops.quarantined.points import Bounds, QuarantinedPoint, grouped, read_all_points, read_points

BUCKET = "quarantine-bucket"
NOW_S = datetime.now(UTC).timestamp()


@pytest.fixture
def s3() -> Iterator[Any]:
    """An empty quarantine."""
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def _written(arrived_s: float, request: str, index: int = 0, payload: object = None) -> WrittenPoint:
    sequence = int(arrived_s * 1000)
    record = StreamRecord("json", "-", request, sequence, sequence, "shardId-000000000000", b"{}")
    violation = Violation(Reason.TIMESTAMP_TOO_OLD, "timestamp", "older than the store keeps")
    return WrittenPoint(record, index, violation, payload)


def _put(s3: Any, *points: WrittenPoint) -> None:
    """One object, as the metric writer puts it."""
    s3.put_object(Bucket=BUCKET, Key=object_key(point.record for point in points), Body=json_lines(points))


def _ids(s3: Any, since_s: float, **arguments: Any) -> list[tuple[str, int]]:
    points = read_points(s3, BUCKET, since_s=since_s, span_s=3600, **arguments).points
    return [(point.request_id, point.index) for point in points]


def test_a_point_is_read_as_it_was_written(s3: Any) -> None:
    """Every field of the writer's line arrives, and the metric's name is taken from what the client sent."""
    _put(s3, _written(NOW_S - 60, "r1", 3, {"metric_name": "cpu\x1b", "value": 1}))
    [point] = read_points(s3, BUCKET, since_s=NOW_S - 3600, span_s=0).points
    assert point == QuarantinedPoint(
        request_id="r1",
        index=3,
        client="-",
        arrived_s=int((NOW_S - 60) * 1000) / 1000,
        reason="timestamp_too_old",
        field="timestamp",
        message="older than the store keeps",
        payload={"metric_name": "cpu\x1b", "value": 1},
        format="json",
        sequence=int((NOW_S - 60) * 1000),
    )
    assert point.metric == "cpu\x1b"


@given(
    payload=st.recursive(
        st.none() | st.integers() | st.text(), lambda some: st.lists(some) | st.dictionaries(st.text(), some)
    )
)
def test_a_point_without_a_name_has_an_empty_one(payload: object) -> None:
    """Whatever the client sent, the metric's name is a text."""
    point = QuarantinedPoint("r", 0, "-", 0.0, "value_type", "value", "", payload)
    assert isinstance(point.metric, str)


def test_the_newest_come_first_and_older_ones_are_left_out(s3: Any) -> None:
    """Over hours and days, by arrival; an object may hold both sides of the time that is asked for."""
    for minutes in (1, 50, 200, 3000):
        _put(s3, _written(NOW_S - minutes * 60, f"r{minutes}"))
    _put(s3, _written(NOW_S - 130 * 60, "before"), _written(NOW_S - 110 * 60, "after"))
    assert _ids(s3, NOW_S - 120 * 60) == [("r1", 0), ("r50", 0), ("after", 0)]
    assert len(_ids(s3, 0)) == 6


def test_a_point_that_two_objects_name_is_one(s3: Any) -> None:
    """A batch that was tried again in parts repeats lines."""
    once, twice = _written(NOW_S - 2, "a"), _written(NOW_S - 1, "b")
    _put(s3, once, twice)
    _put(s3, twice)
    assert _ids(s3, NOW_S - 60) == [("b", 0), ("a", 0)]


@pytest.mark.parametrize("bounds", [Bounds(objects=2), Bounds(bytes=400)])
def test_a_reading_has_bounds(s3: Any, bounds: Bounds) -> None:
    """Of more objects than it may fetch it takes the newest hours', and says that there are more."""
    for hours in range(5):
        _put(s3, _written(NOW_S - hours * 3600, f"r{hours}"))
    reading = read_points(s3, BUCKET, since_s=0, span_s=0, bounds=bounds)
    assert [point.request_id for point in reading.points] == ["r0", "r1"]
    assert reading.truncated
    assert not read_points(s3, BUCKET, since_s=0, span_s=0).truncated


def test_hours_that_nobody_asked_for_are_not_listed(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A month of quarantine costs a reading of one hour no call more."""
    for hours in (0, 30, 60, 90):
        _put(s3, _written(NOW_S - hours * 3600, f"r{hours}"))
    calls: list[str] = []
    s3.meta.events.register("before-call.s3.ListObjectsV2", lambda params, **_: calls.append(params["url"]))
    assert _ids(s3, NOW_S - 60) == [("r0", 0)]
    assert len(calls) <= 4


@pytest.mark.parametrize(
    "line",
    [b"no JSON", b"[]", b"{}", b'{"request_id": "a"}', b"[" * 100_000, b'{"request_id":"a","index":"x"}'],
)
def test_foreign_lines_are_counted(s3: Any, line: bytes) -> None:
    """Something else in the bucket neither hides the points beside it nor ends the reading."""
    good = json_lines([_written(NOW_S, "good")])
    s3.put_object(Bucket=BUCKET, Key=f"{object_key([_written(NOW_S, 'x').record])}", Body=line + b"\n" + good)
    reading = read_points(s3, BUCKET, since_s=NOW_S - 60, span_s=0)
    assert ([point.request_id for point in reading.points], reading.foreign) == (["good"], 1)


def test_a_bucket_that_cannot_be_read_is_said(s3: Any) -> None:
    """AWS's refusal is one line for the operator."""
    with pytest.raises(OperatorError, match=r"cannot read the quarantine: .*bucket does not exist"):
        read_points(s3, "another", since_s=0, span_s=0)


def test_an_object_that_is_gone_since_it_was_listed_is_nothing(s3: Any) -> None:
    """Retention takes objects while they are read."""
    _put(s3, _written(NOW_S, "a"))

    def forget(**_: Any) -> None:
        for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            s3.delete_object(Bucket=BUCKET, Key=entry["Key"])

    s3.meta.events.register("before-call.s3.GetObject", forget)
    assert read_points(s3, BUCKET, since_s=0, span_s=0).points == []


def test_groups_are_the_largest_first() -> None:
    """With the number and the newest of each, and the name before the number decides nothing."""
    points = [
        QuarantinedPoint("r", index, client, 9.0 - index, reason, "", "", {"metric_name": "m"})
        for index, (reason, client) in enumerate([("b", "x"), ("a", "y"), ("a", "x")])
    ]
    assert [(group.value, group.points, group.newest.index) for group in grouped(points, "reason")] == [
        ("a", 2, 1),
        ("b", 1, 0),
    ]
    assert [group.value for group in grouped(points, "client")] == ["x", "y"]
    assert [group.points for group in grouped(points, "metric")] == [3]


def test_a_line_of_before_there_were_formats_is_json(s3: Any) -> None:
    """The writer of today names the format, whatever it is."""
    written = replace(_written(NOW_S - 60, "r1", 0, {}), index=1)
    written.record = msgspec.structs.replace(written.record, format="influx-s")
    lines = [json.loads(line) for line in json_lines([written, written]).splitlines()]
    del lines[0]["format"]
    lines[0]["index"] = 0
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    s3.put_object(Bucket=BUCKET, Key=object_key([written.record]), Body=body)
    points = read_points(s3, BUCKET, since_s=NOW_S - 3600, span_s=0).points
    assert [point.format for point in points] == ["json", "influx-s"]
    assert [(group.value, group.points) for group in grouped(points, "format")] == [
        ("influx-s", 1),
        ("json", 1),
    ]


def test_of_a_points_attempts_the_last_one_counts(s3: Any) -> None:
    """Sent again and refused again, it is in the quarantine, until that attempt was sent again as well."""
    body = [json.loads(json_lines([_written(NOW_S - 60, "a")]))]
    body.append({**body[0], "attempt": 1, "sequence": "77", "first_arrived_at": "2026-01-01T00:00:00.000Z"})
    key = object_key([_written(NOW_S - 60, "a").record])
    s3.put_object(Bucket=BUCKET, Key=key, Body="".join(json.dumps(line) + "\n" for line in body).encode())
    for noted, waits in ((0, True), (1, False)):
        note_redriven(s3, BUCKET, [Note("a", 0, noted, NOW_S - 60, "x")], now_s=NOW_S)
        [point] = read_points(s3, BUCKET, since_s=0, span_s=0).points
        assert (point.attempt, point.sequence, point.waits) == (1, 77, waits)
        assert point.first_arrived_s == datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def test_all_points_come_oldest_first_in_readings_that_memory_holds(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, however many there are, and only of the time that is asked for."""
    monkeypatch.setattr("ops.quarantined.points._ALL", Bounds(objects=2))
    for hours in range(5):
        _put(s3, _written(NOW_S - hours * 3600, f"r{hours}"))
    readings = read_all_points(s3, BUCKET, since_s=NOW_S - 3 * 3600 - 1, span_s=0, until_s=NOW_S - 1)
    found = [[point.request_id for point in reading.points] for reading in readings]
    assert [one for some in found for one in some[::-1]] == ["r3", "r2", "r1"]
    assert len(found) >= 2


def test_a_dropped_point_neither_waits_nor_is_gone(s3: Any) -> None:
    """It is counted as before."""
    line = {**json.loads(json_lines([_written(NOW_S, "a")])), "dropped": {"by": "me"}, "payload": None}
    s3.put_object(Bucket=BUCKET, Key=object_key([_written(NOW_S, "a").record]), Body=json.dumps(line))
    [point] = read_points(s3, BUCKET, since_s=0, span_s=0).points
    assert (point.dropped, point.waits, point.payload) == (True, False, None)


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_later_attempt_waits_although_an_earlier_one_was_dropped(s3: Any, newest_first: bool) -> None:
    """In whichever order their objects are read, or a drop of one day's points would hide it from the next redrive."""
    line = json.loads(json_lines([_written(NOW_S, "a")]))
    dropped, again = {**line, "dropped": {"by": "me"}, "payload": None}, {**line, "attempt": 1}
    lines = [again, dropped] if newest_first else [dropped, again]
    body = "".join(json.dumps(one) + "\n" for one in lines)
    s3.put_object(Bucket=BUCKET, Key=object_key([_written(NOW_S, "a").record]), Body=body)
    [point] = read_points(s3, BUCKET, since_s=0, span_s=0).points
    assert (point.attempt, point.waits) == (1, True)
