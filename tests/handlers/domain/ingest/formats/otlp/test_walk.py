"""What an OTLP request becomes, in either encoding."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1 import metrics_pb2 as pb

from handlers.domain.ingest.formats.foreign import DEFAULT_OTLP_ATTRIBUTES
from handlers.domain.ingest.reading import MAX_SAMPLES, InvalidBody
from tests.support.otlp_requests import (
    ARRIVAL_NS,
    REQUESTS,
    expected_rows,
    exponential,
    gauge,
    histogram,
    json_body,
    number,
    protobuf_body,
    read_body,
    read_both,
    request,
    rows_of,
    summary,
)

DELTA, CUMULATIVE = pb.AGGREGATION_TEMPORALITY_DELTA, pb.AGGREGATION_TEMPORALITY_CUMULATIVE


def test_a_gauge_and_sums_are_a_row_for_each_data_point() -> None:
    """Under the metric's own name, with the value as it was sent, cumulative or delta."""
    delta = pb.Metric(
        name="jobs", sum=pb.Sum(data_points=[number(7)], aggregation_temporality=DELTA, is_monotonic=True)
    )
    total = pb.Metric(
        name="bytes", sum=pb.Sum(data_points=[number(2**53 + 1)], aggregation_temporality=CUMULATIVE)
    )
    found = read_both(request(gauge(number(1.5), number(-3, ARRIVAL_NS - 1)), delta, total))
    assert rows_of(found) == [
        ("queue.depth", {}, ARRIVAL_NS, 1.5),
        ("queue.depth", {}, ARRIVAL_NS - 1, -3.0),
        ("jobs", {}, ARRIVAL_NS, 7.0),
        ("bytes", {}, ARRIVAL_NS, 2.0**53),
    ]


def test_attributes_of_all_types_are_texts() -> None:
    """A value that is none, or an empty text, is absent."""
    own: dict[str, Any] = {
        "text": "ä b",
        "yes": True,
        "int": -7,
        "double": 0.1,
        "bytes": b"\x00\xff",
        "list": ["a", 1, True, None, b"b"],
        "map": {"k": 1.5, "n": float("nan")},
        "empty": "",
        "none": None,
    }
    [(_, dimensions, _, _)] = rows_of(read_both(request(gauge(number(1, own=own)))))
    assert dimensions == {
        "text": "ä b",
        "yes": "true",
        "int": "-7",
        "double": "0.1",
        "bytes": "AP8=",
        "list": '["a",1,true,null,"Yg=="]',
        "map": '{"k":1.5,"n":"NaN"}',
    }


def test_wanted_attributes_of_resource_and_scope_become_dimensions() -> None:
    """The rest is counted by name and by points; a data point's own attribute wins."""
    message = request(
        gauge(number(1), number(2, own={"host.name": "own"}), unit="By"),
        resource={"service.name": "shop", "host.name": "web", "service.instance.id": "x"},
        scope="lib",
        version="1.2",
        scope_attributes={"team": "blue"},
    )
    found = read_both(message)
    assert [dimensions for _, dimensions, _, _ in rows_of(found)] == [
        {"service_name": "shop", "host_name": "web"},
        {"service_name": "shop", "host_name": "own"},
    ]
    assert found.dropped == {"service.instance.id": 2, "team": 2}
    wanted = frozenset({"otel.scope.name", "otel.scope.version", "unit", "team"})
    [(_, dimensions, _, _), _] = rows_of(read_both(message, wanted))
    assert dimensions == {"otel_scope_name": "lib", "otel_scope_version": "1.2", "unit": "By", "team": "blue"}


def test_names_that_meet_have_their_values_joined() -> None:
    """In the order of the names as they were; a label may say the metric's type."""
    own = {"a_b": "3", "a.b": "2", "a-b": "1", "metric_type": "business", "value": "v", "9": "n"}
    [point] = read_both(request(gauge(number(1, own=own)))).points
    assert dict(point.series.dimensions) == {"a_b": "1;2;3", "_value": "v", "_9": "n"}
    assert point.series.metric_type == "business"


def test_a_histogram_is_the_rows_that_prometheus_would_have() -> None:
    """Count, sum, least, greatest, and cumulative buckets up to +Inf."""
    metric = histogram(
        {"path": "/"}, count=6, sum=9.5, min=0.1, max=4.0, bucket_counts=[1, 2, 3], explicit_bounds=[0.5, 1]
    )
    assert [
        (name, dimensions, value) for name, dimensions, _, value in rows_of(read_both(request(metric)))
    ] == [
        ("latency_count", {"path": "/"}, 6.0),
        ("latency_sum", {"path": "/"}, 9.5),
        ("latency_min", {"path": "/"}, 0.1),
        ("latency_max", {"path": "/"}, 4.0),
        ("latency_bucket", {"path": "/", "le": "0.5"}, 1.0),
        ("latency_bucket", {"path": "/", "le": "1"}, 3.0),
        ("latency_bucket", {"path": "/", "le": "+Inf"}, 6.0),
    ]


def test_a_last_bound_that_is_infinite_makes_no_second_row() -> None:
    """Of `+Inf`, which has the count of all."""
    metric = histogram(count=6, bucket_counts=[1, 2, 3], explicit_bounds=[1, float("inf")])
    buckets = [
        (dimensions["le"], value)
        for name, dimensions, _, value in rows_of(read_both(request(metric)))
        if name == "latency_bucket"
    ]
    assert buckets == [("1", 1.0), ("+Inf", 6.0)]


def test_an_exponential_histogram_has_the_same_rows() -> None:
    """Its buckets below zero, at zero and above."""
    metric = exponential(
        count=10,
        sum=-1.0,
        scale=0,
        zero_count=3,
        positive={"offset": 0, "bucket_counts": [1, 2]},
        negative={"offset": 1, "bucket_counts": [4]},
    )
    assert [
        (name, dimensions.get("le"), value)
        for name, dimensions, _, value in rows_of(read_both(request(metric)))
    ] == [
        ("latency_count", None, 10.0),
        ("latency_sum", None, -1.0),
        ("latency_bucket", "-2", 4.0),
        ("latency_bucket", "0", 7.0),
        ("latency_bucket", "2", 8.0),
        ("latency_bucket", "4", 10.0),
        ("latency_bucket", "+Inf", 10.0),
    ]


def test_a_summary_has_a_row_for_each_quantile() -> None:
    """Under its own name; what protobuf leaves out is 0."""
    found = read_both(request(summary({0.5: 1.5, 0.99: 0.0}, count=4)))
    assert [(name, dimensions, value) for name, dimensions, _, value in rows_of(found)] == [
        ("latency_count", {}, 4.0),
        ("latency_sum", {}, 0.0),
        ("latency", {"quantile": "0.5"}, 1.5),
        ("latency", {"quantile": "0.99"}, 0.0),
    ]


@settings(max_examples=150, deadline=None)
@given(REQUESTS)
def test_both_encodings_give_the_rows_of_the_official_classes(message: Any) -> None:
    """Every data point, in order, whatever it holds."""
    found = read_both(message)
    assert not found.refusals
    expected = list(expected_rows(message, DEFAULT_OTLP_ATTRIBUTES))
    assert rows_of(found) == expected
    assert [point.request_index for point in found.points] == list(range(len(expected)))


def test_a_data_point_without_a_time_has_that_of_its_arrival() -> None:
    """All rows of one histogram the same."""
    found = read_both(request(gauge(number(1, 0), number(2, 0)), histogram(time_ns=0, count=1)))
    times = [time_ns for _, _, time_ns, _ in rows_of(found)]
    assert all(ARRIVAL_NS <= time_ns < ARRIVAL_NS + 1_000_000 for time_ns in times)
    assert len(set(times)) == 3


def test_no_recorded_value_and_exemplars_are_ignored_and_counted() -> None:
    """They are no samples."""
    exemplars = [pb.Exemplar(as_int=1, trace_id=b"x" * 16)] * 2
    found = read_both(
        request(
            gauge(number(1, exemplars=exemplars), number(0, flags=1)),
            histogram(count=1, exemplars=exemplars),
            histogram(flags=1),
        )
    )
    assert [name for name, _, _, _ in rows_of(found)] == ["queue.depth", "latency_count", "latency_bucket"]
    assert found.ignored == {"exemplars": 4, "no_recorded_value": 2}
    assert found.received == 3


@pytest.mark.parametrize(
    ("metric", "reason", "field"),
    [
        (gauge(number(float("nan"))), "value_not_finite", "value"),
        (gauge(number(float("-inf"))), "value_not_finite", "value"),
        (gauge(pb.NumberDataPoint(time_unix_nano=ARRIVAL_NS)), "value_missing", "value"),
        (gauge(number(1), name=""), "metric_name_missing", "metric_name"),
        (gauge(number(1), name="n" * 257), "metric_name_length", "metric_name"),
        (gauge(number(1, 2**64 - 1)), "timestamp_in_future", "timestamp"),
        (gauge(number(1, ARRIVAL_NS // 10**9)), "timestamp_too_old", "timestamp"),
        (gauge(number(1, own={"n" * 61: "x"})), "dimension_name_length", "dimensions."),
        (gauge(number(1, own={"": "x"})), "dimension_name_length", "dimensions."),
        (gauge(number(1, own={"a": "x\ny"})), "dimension_value_characters", "dimensions.a"),
        (histogram(count=3, bucket_counts=[1, 2], explicit_bounds=[]), "data_point_invalid", "data_point"),
        (histogram(count=3, bucket_counts=[1, 1], explicit_bounds=[1]), "data_point_invalid", "data_point"),
        (
            histogram(count=2, bucket_counts=[0, 1, 1], explicit_bounds=[2, 1]),
            "data_point_invalid",
            "data_point",
        ),
        (
            histogram(count=2, bucket_counts=[1, 1], explicit_bounds=[float("nan")]),
            "data_point_invalid",
            "data_point",
        ),
        (
            histogram(bucket_counts=[0] * 16_385, explicit_bounds=range(16_384)),
            "data_point_invalid",
            "data_point",
        ),
        (exponential(count=1, scale=21), "data_point_invalid", "data_point"),
        (exponential(count=1, scale=-(2**31)), "data_point_invalid", "data_point"),
        (exponential(count=1, positive={"bucket_counts": [2]}), "data_point_invalid", "data_point"),
        (exponential(positive={"bucket_counts": [1] * 16_385}), "data_point_invalid", "data_point"),
        (exponential(zero_threshold=-1), "data_point_invalid", "data_point"),
        (summary({1.5: 1}), "data_point_invalid", "data_point"),
        (summary({float("nan"): 1}), "data_point_invalid", "data_point"),
    ],
)
def test_a_data_point_that_cannot_be_stored_leaves_its_neighbours(
    metric: pb.Metric, reason: str, field: str
) -> None:
    """It is refused with its place in the request and the rule that it breaks."""
    found = read_both(request(gauge(number(1)), metric, gauge(number(2))))
    assert [value for _, _, _, value in rows_of(found)] == [1.0, 2.0]
    [(index, violation)] = found.refusals
    assert (index, violation.reason) == (1, reason)
    assert violation.field.startswith(field)
    assert found.points[1].request_index == 2


def test_values_that_are_none_cost_their_rows_only() -> None:
    """The other rows of a histogram and a summary are stored."""
    found = read_both(request(histogram(count=1, sum=float("nan")), summary({0.5: float("nan")})))
    assert [violation.reason for _, violation in found.refusals] == ["value_not_finite"] * 2
    assert [name for name, _, _, _ in rows_of(found)] == [
        "latency_count",
        "latency_bucket",
        "latency_count",
        "latency_sum",
    ]


@pytest.mark.parametrize("format_", ["otlp-pb", "otlp-json"])
def test_an_attribute_that_is_there_twice_is_refused(format_: str) -> None:
    """Which of the two names the series is anybody's guess."""
    point = number(1)
    point.attributes.extend([*number(1, own={"a": "x"}).attributes, *number(1, own={"a": "y"}).attributes])
    body = (protobuf_body if format_ == "otlp-pb" else json_body)(request(gauge(point, number(2))))
    found = read_body(body, format_)
    assert [violation.reason for _, violation in found.refusals] == ["dimension_name_repeated"]
    assert len(found.points) == 1


def test_a_value_nested_too_deep_is_refused() -> None:
    """At any depth, without a word of the interpreter's, and alone."""
    value: Any = "x"
    for _ in range(33):
        value = [value]
    found = read_both(request(gauge(number(1, own={"a": value}), number(2, own={"a": value[0]}))))
    assert [violation.reason for _, violation in found.refusals] == ["dimension_value_type"]
    assert len(found.points) == 1


def test_a_dropped_attribute_is_not_read() -> None:
    """Whatever it holds, it costs no point."""
    value: Any = "x"
    for _ in range(40):
        value = [value]
    found = read_both(request(gauge(number(1)), resource={"deep": value}))
    assert (len(found.points), found.dropped) == (1, {"deep": 1})


def test_what_is_refused_later_is_shown_as_our_own_json() -> None:
    """So that it can be sent again as that, whatever it came in."""
    message = request(gauge(number(1, ARRIVAL_NS + 1, {"a": "x"}), number(float("nan"), own={"b.c": "y"})))
    found = read_both(message)
    assert found.payload(0) == {
        "metric_name": "queue.depth",
        "value": 1.0,
        "timestamp": "2025-11-22T00:00:00.000000001Z",
        "metric_type": "application",
        "dimensions": {"a": "x"},
    }
    payload: Any = found.payload(1)
    assert (payload["dimensions"], payload["value"].literal) == ({"b_c": "y"}, "NaN")


@pytest.mark.parametrize(
    ("format_", "body"), [("otlp-pb", b""), ("otlp-json", b"{}"), ("otlp-json", b'{"resourceMetrics":null}')]
)
def test_a_request_without_data_points_is_no_error(format_: str, body: bytes) -> None:
    """It has nothing to account for."""
    assert read_body(body, format_).received == 0
    empty = request(gauge(), pb.Metric(name="none"))
    assert read_both(empty).received == 0


def test_a_request_may_hold_a_hundred_thousand_data_points() -> None:
    """Each is accounted for."""
    points = [number(1, ARRIVAL_NS - index) for index in range(100_000)]
    assert read_body(protobuf_body(request(gauge(*points)))).received == 100_000


@settings(max_examples=200, deadline=None)
@given(REQUESTS, st.data(), st.sampled_from(["otlp-pb", "otlp-json"]))
def test_damaged_requests_are_read_as_far_as_they_go(message: Any, data: st.DataObject, format_: str) -> None:
    """Cut, overwritten or lengthened anywhere, a request raises nothing but `InvalidBody`, and its counts add up."""
    body = bytearray((protobuf_body if format_ == "otlp-pb" else json_body)(message))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(body)))
        body[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    try:
        found = read_body(bytes(body), format_)
    except InvalidBody:
        return
    places = sorted([point.request_index for point in found.points] + [index for index, _ in found.refusals])
    assert places == list(range(found.received))
    assert all(found.payload(index) is not None for index in places)


def test_a_resource_that_cannot_be_read_costs_its_own_points() -> None:
    """Not those of another resource that has none of the wanted attributes, in the same batch."""
    value: Any = "x"
    for _ in range(40):
        value = [value]
    message = request(gauge(number(1)), resource={"host.name": value})
    message.resource_metrics.extend(request(gauge(number(2)), resource={"other": "x"}).resource_metrics)
    found = read_both(message)
    assert [violation.reason for _, violation in found.refusals] == ["dimension_value_type"]
    assert [value for _, _, _, value in rows_of(found)] == [2.0]


def test_names_and_dimensions_that_many_samples_share_are_cut_in_their_lines() -> None:
    """A text of half a megabyte does not stand in the quarantine as often as there are data points."""
    message = request(gauge(*[number(1)] * 100, name="n" * 500_000), resource={"host.name": "h" * 500_000})
    found = read_both(message)
    assert len(found.refusals) == 100
    assert all(len(str(found.payload(index))) < 10_000 for index in range(100))


@pytest.mark.parametrize("format_", ["otlp-pb", "otlp-json"])
def test_more_data_points_than_anybody_sends_are_refused_whole(format_: str) -> None:
    """Two bytes make one in protobuf, and each would have its line in the quarantine."""
    empty = [pb.NumberDataPoint()] * (MAX_SAMPLES + 1)
    body = (protobuf_body if format_ == "otlp-pb" else json_body)(request(gauge(*empty)))
    with pytest.raises(InvalidBody) as caught:
        read_body(body, format_)
    assert caught.value.violation.reason == "body_too_large"


def test_many_scopes_of_a_resource_with_many_attributes_are_read_in_time() -> None:
    """The attributes are looked at once; 5,000 of each would take minutes otherwise."""
    message = request(gauge(number(1)), resource={f"a{index}": "x" for index in range(5_000)})
    [group] = message.resource_metrics
    group.scope_metrics.extend([group.scope_metrics[0]] * 5_000)
    found = read_both(message)
    assert len(found.points) == 5_001
    assert found.dropped == dict.fromkeys((f"a{index}" for index in range(5_000)), 5_001)
