"""Points that are sent again from the quarantine."""

import base64
import json
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from handlers.domain.ingest.envelope import RedrivenRecord, StreamRecord, read_records
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.formats.redriven import read, redriven_body
from handlers.domain.ingest.quarantine import QuarantinedPoint, json_lines, quarantined_record
from handlers.domain.ingest.reading import InvalidBody, Reading
from handlers.domain.ingest.request_reader import RequestReader
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.point import versions_of
from tests.support.events import ARRIVAL_MS, batch, kinesis_record, metric, records
from tests.support.points import LIMITS

DAY_MS = 86_400_000
[FIRST] = records(batch(metric(), metric("late"), metric("bad", None)))


def sent(body: bytes, *, after_ms: int = DAY_MS, format_: str = "redriven") -> StreamRecord:
    """The record of a redrive, so long after the first arrival."""
    key = f"{format_}/team-a/redrive-1"
    [record] = read_records(
        {"Records": [kinesis_record(body, 7, partition_key=key, arrival_ms=ARRIVAL_MS + after_ms)]}
    )
    return record


def reading(record: StreamRecord) -> Reading:
    """What its reader finds in it."""
    return read(record, PointValidator(LIMITS), DimensionMapping())


def test_a_redriven_point_is_that_of_its_first_request() -> None:
    """Request, index and version are the first's, so it loses against what came between; its log's id is its own."""
    record = sent(redriven_body(FIRST, 1, {1: metric("late", timestamp=ARRIVAL_MS)}))
    [point] = reading(record).points
    assert (point.record.request_id, point.request_index) == (FIRST.request_id, 1)
    assert (point.record.version, point.record.accounted_as) == (FIRST.version, "redrive-1")
    [corrected] = records(metric("late", 2, timestamp=ARRIVAL_MS), arrival_ms=ARRIVAL_MS + 1)
    [correction] = RequestReader(LIMITS, frozenset()).read([corrected]).points
    [versions] = versions_of([correction, point._replace(series=correction.series)])
    assert versions[-1] is correction


@pytest.mark.parametrize(
    ("at_ms", "reason"),
    [
        (ARRIVAL_MS + DAY_MS - 1, None),
        (ARRIVAL_MS + 2 * DAY_MS, "timestamp_in_future"),
        (ARRIVAL_MS + DAY_MS - LIMITS.retention_days * DAY_MS - 1, "timestamp_too_old"),
    ],
)
def test_times_are_judged_by_the_arrival_of_the_redrive(at_ms: int, reason: str | None) -> None:
    """What was too early is stored once its time has come, and what the store forgot meanwhile is refused."""
    found = reading(sent(redriven_body(FIRST, 1, {0: metric(timestamp=at_ms)})))
    assert [violation.reason for _, violation in found.refusals] == ([reason] if reason else [])
    assert found.payload(0) == metric(timestamp=at_ms)


def test_what_is_refused_again_says_of_which_attempt() -> None:
    """Its line lies at the redrive's arrival, and has all that a further redrive needs."""
    record = sent(redriven_body(FIRST, 3, {5: metric(value="x")}))
    [(index, violation)] = reading(record).refusals
    [line] = json_lines([QuarantinedPoint(record, index, violation, metric(value="x"))]).splitlines()
    found = json.loads(line)
    assert (found["request_id"], found["index"], found["attempt"]) == (FIRST.request_id, 5, 3)
    assert (found["first_arrived_at"], found["arrived_at"]) == (
        "2025-11-22T00:00:00.000Z",
        "2025-11-23T00:00:00.000Z",
    )
    assert (found["sequence"], found["format"], found["client"]) == (str(FIRST.sequence), "json", "team-a")


def test_a_whole_body_is_read_as_when_it_came() -> None:
    """In its own format, by its own arrival; each of its points is the first request's."""
    found = reading(sent(redriven_body(FIRST, 1)))
    assert [point.request_index for point in found.points] == [0, 1]
    assert {point.record.version for point in found.points} == {FIRST.version}
    assert [(index, violation.reason) for index, violation in found.refusals] == [(2, "value_type")]


def test_a_whole_body_that_is_refused_again_lies_there_as_it_came() -> None:
    """Sent again before the functions know its format, it can be sent again once they do, and is the client's body."""
    record = sent(redriven_body(replace(FIRST, format="of-later"), 1))
    found = RequestReader(LIMITS, frozenset()).read([record])
    [line] = json_lines([quarantined_record(record, found.invalid[0])]).splitlines()
    again = json.loads(line)
    assert (again["reason"], again["format"], again["attempt"]) == ("format_unknown", "of-later", 1)
    assert base64.b64decode(again["payload"]["base64"]) == FIRST.data


def test_hostile_payloads_come_through_as_they_are() -> None:
    """Whatever a client wrote, it stays inside the body; a number that no 64 bits hold is a double."""
    name = "'; DROP TABLE x -- {{7*7}} %s ${jndi}"
    [point] = reading(sent(redriven_body(FIRST, 1, {0: metric(name, 10**30)}))).points
    assert (point.series.metric_name, point.value) == (name, 1e30)


def test_alerts_pass_over_what_they_have_counted() -> None:
    """The writer reads it all the same."""
    record = sent(redriven_body(FIRST, 1, {0: metric()}), format_="redriven-counted")
    of_alerts = RequestReader(LIMITS, frozenset(), passed_over=frozenset({"redriven-counted"}))
    assert of_alerts.read([record]).points == []
    assert len(RequestReader(LIMITS, frozenset()).read([record]).points) == 1


def _body(**other: Any) -> bytes:
    return orjson.dumps(orjson.loads(redriven_body(FIRST, 1, {0: metric()})) | other)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        orjson.dumps(metric()),
        _body(arrival_ms=ARRIVAL_MS + DAY_MS + 1),
        _body(arrival_ms=-1),
        _body(sequence="x"),
        _body(sequence="9" * 5000),
        _body(request_id=""),
        _body(points=7),
        _body(points=[{"index": "x", "metric": {}}]),
        _body(points=[{"index": 0}]),
        _body() + b"\n",
        _body() + b"\nno metrics",
        _body(format="redriven") + b"\n{}",
    ],
)
def test_a_record_that_no_redrive_made_is_unreadable(body: bytes) -> None:
    """Above all one that claims to have arrived later than it did, and would win over corrections."""
    with pytest.raises(InvalidBody):
        reading(sent(body))


def test_a_record_is_opened_wherever_it_is_read() -> None:
    """Who has only the bytes, as what counts the points of a batch that was given up, finds the same points."""
    record = sent(redriven_body(FIRST, 1, {0: metric(), 4: metric("b")}))
    assert isinstance(record, RedrivenRecord)
    plain = StreamRecord("redriven", "-", "x", record.arrival_ms, 1, "", record.data)
    assert [point.request_index for point in reading(plain).points] == [0, 4]
    assert reading(replace(record, sequence=9)).points[0].record.sequence == 9
