"""OTLP's JSON as encoders write it, and as nobody should."""

import json
from typing import Any

import pytest

from handlers.domain.ingest.reading import InvalidBody, Reading
from tests.support.otlp_requests import ARRIVAL_NS, read_body, rows_of


def body(*metrics: Any) -> bytes:
    """A request with these metrics."""
    return json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}).encode()


def gauge(**fields: Any) -> dict[str, Any]:
    """A gauge whose one data point has these fields."""
    return {"name": "m", "gauge": {"dataPoints": [{"timeUnixNano": str(ARRIVAL_NS), **fields}]}}


def read(*metrics: Any) -> Reading:
    """The reading of a request with these metrics."""
    return read_body(body(*metrics), "otlp-json")


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"asInt": "7"}, 7.0),
        ({"asInt": 7}, 7.0),
        ({"asInt": 7.0}, 7.0),
        ({"asInt": "-9223372036854775808"}, -(2.0**63)),
        ({"asDouble": 1}, 1.0),
        ({"asDouble": "1.5e3"}, 1500.0),
        ({"asDouble": None, "asInt": "2"}, 2.0),
        ({"asDouble": 0.5, "unknown": {"x": []}, "flags": 0, "exemplars": None, "attributes": None}, 0.5),
    ],
)
def test_numbers_are_numbers_or_texts(fields: dict[str, Any], value: float) -> None:
    """And null is absent, as a field is that nobody knows."""
    assert [found for _, _, _, found in rows_of(read(gauge(**fields)))] == [value]


@pytest.mark.parametrize("time", [str(ARRIVAL_NS), ARRIVAL_NS, f"{ARRIVAL_NS // 10**9}e9"])
def test_times_are_numbers_or_texts(time: object) -> None:
    """Nanoseconds since 1970."""
    [point] = read(gauge(asInt=1, timeUnixNano=time)).points
    assert point.time_ns == ARRIVAL_NS


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "value_missing"),
        ({"asInt": True}, "value_type"),
        ({"asInt": "seven"}, "value_type"),
        ({"asDouble": [1]}, "value_type"),
        ({"asDouble": {}}, "value_type"),
        ({"asDouble": "NaN"}, "value_not_finite"),
        ({"asDouble": "-Infinity"}, "value_not_finite"),
        ({"asDouble": "1e999"}, "value_not_finite"),
        ({"asInt": 1, "timeUnixNano": "yesterday"}, "timestamp_type"),
        ({"asInt": 1, "timeUnixNano": True}, "timestamp_type"),
        ({"asInt": 1, "timeUnixNano": [1]}, "timestamp_type"),
        ({"asInt": 1, "timeUnixNano": -1}, "timestamp_too_old"),
        ({"asInt": 1, "timeUnixNano": "9" * 40}, "timestamp_in_future"),
        ({"asInt": 1, "flags": "one"}, "data_point_invalid"),
        ({"asInt": 1, "attributes": {"a": "x"}}, "dimensions_type"),
        ({"asInt": 1, "attributes": [1]}, "dimensions_type"),
        ({"asInt": 1, "attributes": [{"key": 1}]}, "dimensions_type"),
        ({"asInt": 1, "attributes": [{"key": "a", "value": "x"}]}, "dimension_value_type"),
        ({"asInt": 1, "attributes": [{"key": "a", "value": {"stringValue": 1}}]}, "dimension_value_type"),
        ({"asInt": 1, "attributes": [{"key": "a", "value": {"boolValue": "yes"}}]}, "dimension_value_type"),
        ({"asInt": 1, "attributes": [{"key": "a", "value": {"intValue": "x"}}]}, "data_point_invalid"),
        ({"asInt": 1, "attributes": [{"key": "a", "value": {"bytesValue": "?"}}]}, "dimension_value_type"),
        ({"asInt": 1, "attributes": [{"key": "a", "value": {"arrayValue": 1}}]}, "dimension_value_type"),
        (
            {"asInt": 1, "attributes": [{"key": "a", "value": {"stringValue": "\ud800"}}]},
            "dimension_value_characters",
        ),
    ],
)
def test_a_data_point_that_is_none_leaves_its_neighbours(fields: dict[str, Any], reason: str) -> None:
    """It is refused for the first rule that it breaks."""
    found = read(gauge(asInt=1), gauge(**fields), gauge(asInt=2))
    assert [(index, violation.reason) for index, violation in found.refusals] == [(1, reason)]
    assert [value for _, _, _, value in rows_of(found)] == [1.0, 2.0]
    assert found.payload(1)


@pytest.mark.parametrize(
    "data",
    [
        {"histogram": {"dataPoints": [{"count": -1}]}},
        {"histogram": {"dataPoints": [{"count": "1", "bucketCounts": ["-1", "2"], "explicitBounds": [1]}]}},
        {"histogram": {"dataPoints": [{"count": "1", "bucketCounts": "1"}]}},
        {"histogram": {"dataPoints": [{"count": "1", "bucketCounts": [1, 0], "explicitBounds": ["one"]}]}},
        {"histogram": {"dataPoints": ["one"]}},
        {"exponentialHistogram": {"dataPoints": [{"positive": []}, {"scale": "two"}]}},
        {"exponentialHistogram": {"dataPoints": [{"positive": {"bucketCounts": [1.5]}}]}},
        {"summary": {"dataPoints": [{"quantileValues": [0.5]}]}},
        {"gauge": {"dataPoints": [1]}},
        {"gauge": {"dataPoints": {}}},
        {"gauge": [1]},
        {"sum": "much"},
    ],
)
def test_what_is_no_data_point_is_kept_as_it_came(data: dict[str, Any]) -> None:
    """With a reason that says so, and beside what is one."""
    found = read(gauge(asInt=1), {"name": "m", **data})
    assert {violation.reason for _, violation in found.refusals} <= {"data_point_invalid"}
    assert len(found.points) >= 1
    assert all(found.payload(index) for index, _ in found.refusals)


@pytest.mark.parametrize(
    "given",
    [
        b"null",
        b"[]",
        b'"x"',
        b'{"resourceSpans":[]}',
        b'{"resource_metrics":[]}',
        b'{"metric_name":"a","value":1}',
        b'{"resourceMetrics":{}}',
        b'{"resourceMetrics":[1]}',
        b'{"resourceMetrics":[{"resource":[]}]}',
        b'{"resourceMetrics":[{"scopeMetrics":[1]}]}',
        b'{"resourceMetrics":[{"resource":{"attributes":1},"scopeMetrics":[{}]}]}',
        body(1, None),
    ],
)
def test_other_bodies_are_unreadable(given: bytes) -> None:
    """Our own JSON, other signals, and protobuf's own names of fields."""
    with pytest.raises(InvalidBody) as caught:
        read_body(given, "otlp-json")
    assert caught.value.violation.reason == "body_not_otlp"


@pytest.mark.parametrize("given", [b"", b"{", b"\xff", body(gauge(asInt=1))[:-1], b"[" * 100_000])
def test_what_is_not_json_is_unreadable(given: bytes) -> None:
    """However deep or broken."""
    with pytest.raises(InvalidBody) as caught:
        read_body(given, "otlp-json")
    assert caught.value.violation.reason == "body_not_json"


@pytest.mark.parametrize("name", [[], {}, [None], {"a": 1}, 5, True])
@pytest.mark.parametrize("kind", ["gauge", "histogram"])
def test_a_name_that_is_no_text_costs_its_own_metric(name: Any, kind: str) -> None:
    """Whatever it is, and its neighbours are read."""
    broken = {"name": name, kind: {"dataPoints": [{"timeUnixNano": str(ARRIVAL_NS)}]}}
    found = read(broken, gauge(asInt=2))
    assert [violation.reason for _, violation in found.refusals] == ["metric_name_type"]
    assert [point.series.metric_name for point in found.points] == ["m"]


@pytest.mark.parametrize("levels", [100, 200, 300])
def test_values_as_deep_as_json_goes_cost_their_own_point(levels: int) -> None:
    """Neither the stack nor the neighbours."""
    value: Any = {}
    for _ in range(levels):
        value = {"arrayValue": [value]}
    found = read(gauge(asInt=1, attributes=[{"key": "a", "value": value}]), gauge(asInt=2))
    assert [violation.reason for _, violation in found.refusals] == ["dimension_value_type"]
    assert len(found.points) == 1
