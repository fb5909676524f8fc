"""OTLP's protobuf as encoders write it, and as nobody should."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from handlers.domain.ingest.formats.protobuf_wire import encode
from handlers.domain.ingest.reading import InvalidBody
from tests.support.otlp_requests import (
    ARRIVAL_NS,
    gauge,
    histogram,
    number,
    protobuf_body,
    read_body,
    request,
    rows_of,
)

TIME = b"\x19" + ARRIVAL_NS.to_bytes(8, "little")
ONE = b"\x31" + (1).to_bytes(8, "little", signed=True)
GOOD = TIME + ONE


def body(*points: bytes, data: int = 0x2A, name: bytes = b"m") -> bytes:
    """A request with one metric, whose data points are written by hand."""
    metric = encode(0x0A, name) + encode(data, b"".join(encode(0x0A, point) for point in points))
    return encode(0x0A, encode(0x12, encode(0x12, metric)))


def attribute(key: bytes, value: bytes) -> bytes:
    """An attribute of a gauge's data point."""
    return encode(0x3A, encode(0x0A, key) + encode(0x12, value))


@pytest.mark.parametrize(
    "point",
    [
        attribute(b"a", encode(0x0A, b"x")) + TIME + ONE,
        TIME + attribute(b"a", encode(0x0A, b"x")) + ONE,
        b"\xfa\x01\x01x" + TIME + ONE + attribute(b"a", encode(0x0A, b"x")) + b"\x9d\x06abcd",
        b"\x19" + bytes(8) + GOOD + encode(0x3A, encode(0x12, encode(0x0A, b"x")) + encode(0x0A, b"a")),
    ],
)
def test_fields_may_stand_in_any_order_beside_unknown_ones(point: bytes) -> None:
    """Of a field that is there twice, the last one counts."""
    assert rows_of(read_body(body(point))) == [("m", {"a": "x"}, ARRIVAL_NS, 1.0)]


def test_lists_of_numbers_may_be_unpacked() -> None:
    """As protobuf allows it to every encoder."""
    count = b"\x21" + (3).to_bytes(8, "little")
    counts = b"".join(b"\x31" + value.to_bytes(8, "little") for value in (1, 2))
    bound = b"\x39" + bytes.fromhex("000000000000f03f")
    found = read_body(body(TIME + count + counts + bound, data=0x4A))
    assert [(name, value) for name, _, _, value in rows_of(found)] == [
        ("m_count", 3.0),
        ("m_bucket", 1.0),
        ("m_bucket", 3.0),
    ]


@pytest.mark.parametrize(
    "point",
    [
        TIME[:-1],
        GOOD + b"\x3a\x7f",
        GOOD + b"\x3a",
        GOOD + b"\x40" + b"\xff" * 10,
        GOOD + b"\x0b",
        GOOD + b"\x00\x00",
        GOOD + b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    ],
)
@pytest.mark.parametrize("data", [0x2A, 0x3A, 0x4A, 0x52, 0x5A])
def test_a_data_point_that_is_none_leaves_its_neighbours(point: bytes, data: int) -> None:
    """Its bytes are kept, with its place."""
    found = read_body(body(TIME, point, TIME, data=data))
    places = {index: violation.reason for index, violation in found.refusals}
    [broken] = [index for index, reason in places.items() if reason == "data_point_invalid"]
    assert found.payload(broken) == {"base64": base64.b64encode(point).decode()}
    assert found.received > 2


def test_text_that_is_not_utf_8_costs_its_own_point() -> None:
    """In a name, in an attribute's name and in its value."""
    points = (
        GOOD,
        GOOD + attribute(b"\xff", encode(0x0A, b"x")),
        GOOD + attribute(b"a", encode(0x0A, b"\xc3")),
    )
    found = read_body(body(*points) + body(GOOD, name=b"\xff"))
    assert [(index, violation.reason) for index, violation in found.refusals] == [
        (1, "dimension_name_characters"),
        (2, "dimension_value_characters"),
        (3, "metric_name_characters"),
    ]
    assert len(found.points) == 1


def test_maps_ten_thousand_deep_cost_their_own_point() -> None:
    """Neither the stack nor the neighbours."""
    value = encode(0x0A, b"x")
    for _ in range(10_000):
        value = encode(0x32, encode(0x0A, encode(0x0A, b"k") + encode(0x12, value)))
    found = read_body(body(GOOD + attribute(b"a", value), GOOD))
    assert [violation.reason for _, violation in found.refusals] == ["dimension_value_type"]
    assert len(found.points) == 1


def test_an_attribute_that_is_none_costs_its_own_point() -> None:
    """Its message is broken, or that of its value."""
    broken = [GOOD + encode(0x3A, b"\x0a\x7f"), GOOD + attribute(b"a", b"\x0a\x7f"), GOOD]
    found = read_body(body(*broken))
    assert [violation.reason for _, violation in found.refusals] == [
        "dimensions_type",
        "dimension_value_type",
    ]
    assert len(found.points) == 1


def _traces() -> Any:
    found = ExportTraceServiceRequest()
    scope = found.resource_spans.add().scope_spans.add()
    for name in ("GET /", "x", "\n\x00"):
        scope.spans.add(
            trace_id=b"t" * 16, span_id=b"s" * 8, name=name, start_time_unix_nano=5, end_time_unix_nano=6
        )
    return found


def _logs() -> Any:
    found = ExportLogsServiceRequest()
    scope = found.resource_logs.add().scope_logs.add()
    for number_ in (0, 9):
        record = scope.log_records.add(observed_time_unix_nano=5, severity_number=number_)
        record.body.string_value = "hello"
    return found


@pytest.mark.parametrize(
    "given_body",
    [
        _traces().SerializeToString(),
        _logs().SerializeToString(),
        protobuf_body(request(gauge(number(1))))[:-1],
        b'{"resourceMetrics":[]}',
        b"\x12\x03abc",
        b"\x0a",
        b"\xff" * 50,
        b"\x1f\x8b\x08\x00",
    ],
)
def test_other_bodies_are_unreadable(given_body: bytes) -> None:
    """Traces, logs, what was cut off, JSON, and whatever else."""
    with pytest.raises(InvalidBody) as caught:
        read_body(given_body)
    assert caught.value.violation.reason == "body_not_otlp"


def test_a_metric_that_is_none_leaves_its_neighbours() -> None:
    """It counts as one sample."""
    good = protobuf_body(request(gauge(number(1)), histogram(count=1)))
    broken = encode(0x0A, encode(0x12, encode(0x12, b"\x0a\x7f")))
    found = read_body(broken + good)
    assert [(index, violation.reason) for index, violation in found.refusals] == [(0, "data_point_invalid")]
    assert [point.request_index for point in found.points] == [1, 2, 3]


@given(st.binary(max_size=60))
def test_any_bytes_are_points_refusals_or_unreadable(given_body: bytes) -> None:
    """Nothing that a client sends raises anything else."""
    try:
        found = read_body(given_body)
    except InvalidBody:
        return
    assert found.received == len(found.points) + len(found.refusals)
