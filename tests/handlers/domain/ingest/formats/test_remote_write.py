"""Remote write as Prometheus and others send it, and as nobody should."""

import base64
import math
from typing import Any

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.domain.ingest.formats.protobuf_wire import encode
from handlers.domain.ingest.reading import MAX_BODY_BYTES, MAX_SAMPLES, InvalidBody
from tests.support.events import ARRIVAL_MS
from tests.support.otlp_requests import gauge, histogram, number, protobuf_body, request, rows_of
from tests.support.otlp_requests import read_body as read_otlp
from tests.support.remote_write_requests import (
    SERIES,
    STALE,
    WriteRequest,
    body,
    read_body,
    series,
    snappy,
)

NAME = ("__name__", "up")
ONE = (1.0, ARRIVAL_MS)


def test_each_sample_is_a_row_under_the_series_name() -> None:
    """In any order of times; a value that is absent on the wire is 0."""
    found = read_body(body(series([NAME, ("job", "node")], (0.0, ARRIVAL_MS), (2.5, ARRIVAL_MS - 1000))))
    assert rows_of(found) == [
        ("up", {"job": "node"}, ARRIVAL_MS * 1_000_000, 0.0),
        ("up", {"job": "node"}, (ARRIVAL_MS - 1000) * 1_000_000, 2.5),
    ]


def test_labels_become_dimensions_as_attributes_do() -> None:
    """An empty one is absent, one may say the type, and a name that is reserved is kept beside."""
    labels = [NAME, ("empty", ""), ("metric_type", "system"), ("value", "v"), ("a.b", "x")]
    [point] = read_body(body(series(labels, ONE))).points
    assert (point.series.metric_type, dict(point.series.dimensions)) == (
        "system",
        {"_value": "v", "a_b": "x"},
    )


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("1.0", "1"),
        ("0.5", "0.5"),
        ("+Inf", "+Inf"),
        ("1000000", "1e+06"),
        ("1e+06", "1e+06"),
        ("big", "big"),
        ("1_0", "1_0"),
    ],
)
def test_bounds_are_written_in_one_way(written: str, text: str) -> None:
    """Whatever way the client, or Prometheus 3, wrote the number."""
    labels = [("__name__", "latency_bucket"), ("le", written)]
    [(_, dimensions, _, _)] = rows_of(read_body(body(series(labels, ONE))))
    assert dimensions == {"le": text}


def test_a_histogram_has_the_rows_that_otlp_gives_it() -> None:
    """Names, bounds and cumulative counts are the same."""
    metric = histogram(
        {"path": "/"}, count=6, sum=9.5, bucket_counts=[1, 2, 3], explicit_bounds=[0.5, 2_500_000]
    )
    path = ("path", "/")
    given_series = [
        series([("__name__", "latency_count"), path], (6, ARRIVAL_MS)),
        series([("__name__", "latency_sum"), path], (9.5, ARRIVAL_MS)),
        *(
            series([("__name__", "latency_bucket"), ("le", bound), path], (count, ARRIVAL_MS))
            for bound, count in (("0.5", 1), ("2500000.0", 3), ("+Inf", 6))
        ),
    ]
    assert rows_of(read_body(body(*given_series))) == rows_of(read_otlp(protobuf_body(request(metric))))


def test_what_is_no_sample_is_ignored_and_counted() -> None:
    """Stale markers, metadata, exemplars and native histograms."""
    one = series([NAME], (STALE, ARRIVAL_MS), ONE, exemplars=[{"value": 1}], histograms=[{"count_int": 1}])
    found = read_body(body(one, metadata=3))
    assert len(found.points) == 1
    assert found.ignored == {"stale_markers": 1, "metadata": 3, "exemplars": 1, "native_histograms": 1}
    assert found.received == 1


@pytest.mark.parametrize("given_body", [body(), body(metadata=2), body(series([NAME])), body(series([]))])
def test_a_request_without_samples_is_no_error(given_body: bytes) -> None:
    """It has nothing to account for."""
    assert read_body(given_body).received == 0


@pytest.mark.parametrize(
    ("labels", "sample", "reason"),
    [
        ([NAME], (math.nan, ARRIVAL_MS), "value_not_finite"),
        ([NAME], (math.inf, ARRIVAL_MS), "value_not_finite"),
        ([NAME], (1.0, 0), "timestamp_too_old"),
        ([NAME], (1.0, ARRIVAL_MS * 1000), "timestamp_in_future"),
        ([NAME], (1.0, -(2**63)), "timestamp_too_old"),
        ([("job", "node")], ONE, "metric_name_missing"),
        ([("__name__", ""), ("job", "node")], ONE, "metric_name_missing"),
        ([("__name__", "n" * 257)], ONE, "metric_name_length"),
        ([NAME, ("a", "x"), ("a", "y")], ONE, "dimension_name_repeated"),
        ([NAME, ("n" * 61, "x")], ONE, "dimension_name_length"),
        ([NAME, ("", "x")], ONE, "dimension_name_length"),
        ([NAME, ("a", "x\ny")], ONE, "dimension_value_characters"),
    ],
)
def test_a_sample_that_cannot_be_stored_leaves_its_neighbours(labels: Any, sample: Any, reason: str) -> None:
    """It is refused with its place, and shown as our own JSON."""
    found = read_body(body(series([NAME], ONE), series(labels, sample), series([NAME], ONE)))
    assert [(index, violation.reason) for index, violation in found.refusals] == [(1, reason)]
    assert [point.request_index for point in found.points] == [0, 2]
    payload: Any = found.payload(1)
    assert set(payload) <= {"metric_name", "value", "timestamp", "metric_type", "dimensions"}


@pytest.mark.parametrize(
    "broken", [b"\x0a\x7f", b"\x0a\x02\x08\x01", b"\x12\x02\x0a\x00", b"\x12\x01\x10", b"\x0a"]
)
def test_a_series_that_is_none_leaves_its_neighbours(broken: bytes) -> None:
    """Its bytes are kept."""
    good = WriteRequest(timeseries=[series([NAME], ONE)]).SerializeToString()
    found = read_body(snappy(bytes((0x0A, len(broken))) + broken + good))
    assert [(index, violation.reason) for index, violation in found.refusals] == [(0, "data_point_invalid")]
    assert found.payload(0) == {"base64": base64.b64encode(broken).decode()}
    assert len(found.points) == 1


@pytest.mark.parametrize(
    "given_body",
    [
        b"",
        b"{}",
        b"\xff" * 20,
        WriteRequest(timeseries=[series([NAME], ONE)]).SerializeToString(),
        body(series([NAME], ONE))[:-3],
        bytes(cramjam.snappy.compress(b"framed")),
        snappy(b"\x22\x04text\x2a\x00"),
        snappy(b"\x0a\x7f"),
        snappy(protobuf_body(request(gauge(number(1)), resource={"a": "b"}))),
    ],
)
def test_other_bodies_are_unreadable(given_body: bytes) -> None:
    """No snappy, cut off, in frames, remote write 2.0, or OTLP."""
    with pytest.raises(InvalidBody) as caught:
        read_body(given_body)
    assert caught.value.violation.reason == "body_not_remote_write"


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 2**32 - 1, 2**63])
def test_a_block_that_expands_to_too_much_is_not_undone(size: int) -> None:
    """Its length stands in its beginning."""
    length = b""
    while size >= 0x80:
        length, size = length + bytes((size & 0x7F | 0x80,)), size >> 7
    with pytest.raises(InvalidBody) as caught:
        read_body(length + bytes((size,)) + b"\x00x" + b"\xfe\x01\x00" * 1000)
    assert caught.value.violation.reason == "body_too_large"


@pytest.mark.parametrize(
    "message",
    [
        b"\x0a\x00" * (MAX_SAMPLES + 1),
        b"\x0a\x01\x08" * (MAX_SAMPLES + 1),
        encode(0x0A, b"\x12\x00" * (MAX_SAMPLES + 1)),
    ],
    ids=["series", "series that are none", "samples"],
)
def test_more_than_anybody_sends_is_refused_whole(message: bytes) -> None:
    """Two bytes make a series, or a sample of one."""
    with pytest.raises(InvalidBody) as caught:
        read_body(snappy(message))
    assert caught.value.violation.reason == "body_too_large"


def test_a_request_may_hold_a_hundred_thousand_samples() -> None:
    """Each is accounted for."""
    samples = [(1.0, ARRIVAL_MS - index) for index in range(1000)]
    assert read_body(body(*(series([NAME, ("n", str(n))], *samples) for n in range(100)))).received == 100_000


@settings(max_examples=100, deadline=None)
@given(SERIES)
def test_every_sample_has_its_row(given_series: list[Any]) -> None:
    """Whatever the encoder of the protobuf library writes, in order."""
    found = read_body(body(*(series([NAME, *labels.items()], *samples) for labels, samples in given_series)))
    assert rows_of(found) == [
        (
            "up",
            {name.replace(".", "_"): value for name, value in labels.items() if value},
            time_ms * 1_000_000,
            value,
        )
        for labels, samples in given_series
        for value, time_ms in samples
        if not math.isnan(value)
    ]
    assert not found.refusals


@settings(max_examples=200, deadline=None)
@given(SERIES, st.data())
def test_damaged_requests_are_read_as_far_as_they_go(given_series: list[Any], data: st.DataObject) -> None:
    """Overwritten anywhere, a request raises nothing but `InvalidBody`, and its counts add up."""
    message = WriteRequest(
        timeseries=[series([NAME, *labels.items()], *samples) for labels, samples in given_series]
    ).SerializeToString()
    damaged = bytearray(message if data.draw(st.booleans()) else snappy(message))
    place = data.draw(st.integers(0, len(damaged)))
    damaged[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    try:
        found = read_body(
            bytes(damaged) if damaged != message and data.draw(st.booleans()) else snappy(bytes(damaged))
        )
    except InvalidBody:
        return
    places = sorted([point.request_index for point in found.points] + [index for index, _ in found.refusals])
    assert places == list(range(found.received))
