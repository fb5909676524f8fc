"""Points made ready to be sent again."""

import base64
from typing import Any

import pytest

from handlers.adapters.timestream.limits import store_limits
from handlers.domain.ingest.units import UNITS_NS, unit_of
from handlers.domain.timestamp import read_timestamp, timestamp_text
from ops.points.rules import PointRules
from ops.quarantined.points import QuarantinedPoint
from ops.quarantined.redriving import EMPTY_DIMENSIONS, SECONDS, prepare

NOW_MS = 1_800_000_000_000
ARRIVED_S = NOW_MS / 1000 - 3600.25
GOOD = {"metric_name": "m", "value": 1}


def _point(
    payload: Any,
    *,
    reason: str = "timestamp_too_old",
    index: int = 0,
    request: str = "r",
    body_format: str = "json",
) -> QuarantinedPoint:
    return QuarantinedPoint(request, index, "-", ARRIVED_S, reason, "f", "m", payload, body_format)


def _prepared(*points: QuarantinedPoint, fixes: tuple[str, ...] = ()) -> tuple[list[Any], list[str]]:
    ready, kept = prepare(points, PointRules(store_limits(30), arrival_ms=NOW_MS), fixes, record_kib=1024)
    return [one.metric for one in ready], [one.violation.reason for one in kept]


def test_a_point_goes_as_it_came() -> None:
    """If the rules let it through by now: its time has come, say, or the store keeps more."""
    early = {**GOOD, "timestamp": NOW_MS + 60_000}
    assert _prepared(_point(early, reason="timestamp_in_future")) == ([early], [])


@pytest.mark.parametrize(
    "payload", [None, 1, [], {"base64": "e30="}, {**GOOD, "timestamp": 1}, {**GOOD, "value": None}]
)
def test_a_point_that_would_end_here_again_is_kept(payload: Any) -> None:
    """Whatever it is, it is not sent, and its reason is told."""
    sent, kept = _prepared(_point(payload))
    assert (sent, len(kept)) == ([], 1)


@pytest.mark.parametrize(
    ("payload", "body"),
    [({"base64": "e30="}, b"{}"), ({"base64": "?"}, None), ({"base64": "e30=", "a": 1}, None), (GOOD, None)],
)
def test_a_whole_body_goes_again_where_a_later_version_may_read_it(payload: Any, body: bytes | None) -> None:
    """A request that the writer failed on, or of a format that it did not know."""
    point = _point(payload, reason="processing_failed")
    ready, _ = prepare([point], PointRules(store_limits(30), arrival_ms=NOW_MS), (), record_kib=1024)
    assert [one.body for one in ready if one.metric is None] == ([body] if body else [])


@pytest.mark.parametrize(
    ("size", "record_kib", "needed"),
    [(800_000, 1024, 0), (1_000_000, 1024, 0), (1_048_300, 1024, 1026), (1_048_300, 1026, 0)],
)
def test_a_whole_body_of_any_size_goes_again_as_it_is(size: int, record_kib: int, needed: int) -> None:
    """What fits into no record beside the line that tells of it is kept, with the setting by which it does."""
    payload = {"base64": base64.b64encode(b"x" * size).decode()}
    point = _point(payload, reason="format_unknown", request="r" * 256)
    ready, kept = prepare([point], PointRules(store_limits(30), arrival_ms=NOW_MS), (), record_kib=record_kib)
    assert [len(one.body or b"") for one in ready] == ([] if needed else [size])
    for one in kept:
        assert f"stream.max_record_kib = {needed} (now {record_kib})" in one.violation.message
        assert one.violation.reason == "format_unknown"


def test_a_point_without_a_time_gets_that_of_its_arrival() -> None:
    """Not that of the redrive: to the millisecond, apart from its neighbours, and the same each time."""
    points = [_point(GOOD, index=index, request=request) for request in "ab" for index in range(500)]
    sent, _ = _prepared(*points)
    times = [read_timestamp(metric["timestamp"]) for metric in sent]
    assert len(set(times)) == len(points)
    assert {time // 1_000_000 for time in times if isinstance(time, int)} == {int(ARRIVED_S * 1000)}
    assert sent == _prepared(*reversed(points))[0]


def test_times_in_seconds_can_be_mended() -> None:
    """Those of points that were too old; other numbers stay."""
    seconds = {**GOOD, "timestamp": NOW_MS // 1000 - 60}
    assert _prepared(_point(seconds), fixes=(SECONDS,))[0] == [{**GOOD, "timestamp": NOW_MS - 60_000}]
    assert _prepared(_point(seconds))[1] == ["timestamp_too_old"]
    right = {**GOOD, "timestamp": NOW_MS - 60_000}
    assert _prepared(_point(right, reason="rejected_by_store"), fixes=(SECONDS,))[0] == [right]


@pytest.mark.parametrize("body_format", ["influx-ns", "otlp-pb", "influx-us", "influx-ms", "remote-write"])
def test_times_in_seconds_are_mended_of_every_format(body_format: str) -> None:
    """The number that the client sent is what counts, read in the format's unit before."""
    seconds = NOW_MS // 1000 - 60
    read_as = timestamp_text(seconds * UNITS_NS[unit_of(body_format) or ""])
    point = _point({**GOOD, "timestamp": read_as}, body_format=body_format)
    assert _prepared(point, fixes=(SECONDS,))[0] == [{**GOOD, "timestamp": seconds * 1000}]


def test_dates_and_times_of_no_stated_unit_stay() -> None:
    """There is no number that was meant otherwise."""
    date = {**GOOD, "timestamp": "1970-01-01T00:00:01.8Z"}
    assert _prepared(_point(date), fixes=(SECONDS,))[1] == ["timestamp_too_old"]
    assert _prepared(_point(date, body_format="influx-auto"), fixes=(SECONDS,))[1] == ["timestamp_too_old"]


def test_dimensions_without_a_value_can_be_left_out() -> None:
    """And the others stay."""
    given = {**GOOD, "timestamp": NOW_MS, "dimensions": {"host": "", "zone": "a"}}
    sent, _ = _prepared(_point(given, reason="dimension_value_empty"), fixes=(EMPTY_DIMENSIONS,))
    assert sent == [{**given, "dimensions": {"zone": "a"}}]
