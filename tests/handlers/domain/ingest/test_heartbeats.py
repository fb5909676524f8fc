"""Heartbeats among the records of a batch, and the age that is reported of them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.ingest.envelope import StreamRecord, read_records
from handlers.domain.ingest.heartbeats import age_s, apart, heartbeat_lines
from tests.support.events import ARRIVAL_MS, FIRST_SEQUENCE, kinesis_record

NOW_S = ARRIVAL_MS / 1000 + 60


def record(position: int, format_: str = "heartbeat", arrival_ms: int = ARRIVAL_MS) -> StreamRecord:
    """A record of a format."""
    key = f"{format_}/-/id{position}"
    [read] = read_records(
        {"Records": [kinesis_record({}, position, partition_key=key, arrival_ms=arrival_ms)]}
    )
    return read


@given(st.lists(st.sampled_from(["heartbeat", "json", "", "heartbeats"])))
def test_clients_records_and_heartbeats_are_told_apart_by_their_format(formats: list[str]) -> None:
    """Each record is one of both, in its order; a body that says it is a heartbeat is none."""
    batch = [record(position, format_) for position, format_ in enumerate(formats)]
    records, heartbeats = apart(batch)
    assert sorted([*records, *heartbeats], key=lambda one: one.sequence) == batch
    assert {one.format for one in heartbeats} <= {"heartbeat"}
    assert "heartbeat" not in {one.format for one in records}


def test_the_age_is_that_of_the_newest_heartbeat_that_is_through() -> None:
    """What the stream sends again is not through, nor what came after it; without any there is no age."""
    heartbeats = [record(0, arrival_ms=ARRIVAL_MS), record(2, arrival_ms=ARRIVAL_MS + 30_000)]
    assert age_s(heartbeats, None, NOW_S) == 30
    assert age_s(heartbeats, FIRST_SEQUENCE + 3, NOW_S) == 30
    assert age_s(heartbeats, FIRST_SEQUENCE + 1, NOW_S) == 60
    assert age_s(heartbeats, FIRST_SEQUENCE, NOW_S) is None
    assert age_s([], None, NOW_S) is None


def test_the_age_is_reported_as_a_metric_in_seconds() -> None:
    """Also where the clock of the stream is ahead: a zero would be no metric, and the heartbeat missing."""
    dimensions = {"Project": "p", "Environment": "e"}
    for now_s, age in ((NOW_S, 60), (ARRIVAL_MS / 1000 - 5, 0.001)):
        [line] = heartbeat_lines("WriterHeartbeatAge", [record(0)], None, now_s, dimensions)
        said = json.loads(line)
        assert said["WriterHeartbeatAge"] == age
        [directive] = said["_aws"]["CloudWatchMetrics"]
        assert directive["Metrics"] == [{"Name": "WriterHeartbeatAge", "Unit": "Seconds"}]
        assert directive["Dimensions"] == [["Project", "Environment"]]
    assert heartbeat_lines("WriterHeartbeatAge", [], None, NOW_S, dimensions) == []
