"""The reader that a process has: what it remembers from batch to batch, and that this has an end."""

import gzip
import json
import tracemalloc
from collections.abc import Callable, Sequence

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.foreign import DEFAULT_OTLP_ATTRIBUTES
from handlers.domain.ingest.request_reader import RequestReader
from handlers.domain.violation import Reason
from tests.support.events import ARRIVAL_MS, batch, metric
from tests.support.points import LIMITS
from tests.support.remote_write_requests import body, series

_KEPT_BYTES = 300_000


def _reader(kept_bytes: int = 10**9) -> RequestReader:
    return RequestReader(LIMITS, DEFAULT_OTLP_ATTRIBUTES, kept_bytes=kept_bytes)


def _records(*bodies: tuple[str, bytes]) -> list[StreamRecord]:
    return [
        StreamRecord(format_, "-", f"r{position}", ARRIVAL_MS, position, "s", data)
        for position, (format_, data) in enumerate(bodies)
    ]


def _json(*metrics: object) -> tuple[str, bytes]:
    return "json", json.dumps(batch(*metrics)).encode()


def test_points_stand_in_the_order_of_their_records_whatever_reads_them() -> None:
    """With the number of each record's, the whole reading of those with refusals, and the verdict on what is none."""
    reading = _reader().read(
        _records(
            _json(metric("a"), metric("b")),
            ("json", b"{"),
            _json(metric("c"), metric(value=None)),
            ("influx-ms", b"d value=1"),
            ("nonsense", b""),
            _json(metric("e")),
        )
    )
    assert [point.series.metric_name for point in reading.points] == ["a", "b", "c", "d", "e"]
    assert reading.counts == [2, 0, 1, 1, 0, 1]
    assert {position: other.refusals[0][0] for position, other in reading.others.items()} == {2: 1}
    assert {position: verdict.reason for position, verdict in reading.invalid.items()} == {
        1: Reason.BODY_NOT_JSON,
        4: Reason.FORMAT_UNKNOWN,
    }


def test_equal_series_are_one_object_in_every_format_and_batch() -> None:
    """So who works on series needs to compare no text."""
    reader = _reader()
    in_json = {"metric_name": "up", "value": 1, "dimensions": {"host": "a", "job": "b"}}
    bodies = [
        _json(in_json),
        _json({**in_json, "dimensions": {"job": "b", "host": "a"}}),
        ("json", json.dumps({**in_json, "timestamp": f"{ARRIVAL_MS}"}).encode()),
        ("json-gz", gzip.compress(_json(in_json)[1])),
        ("influx-ms", b"up,job=b,host=a value=1"),
        ("remote-write", body(series([("__name__", "up"), ("host", "a"), ("job", "b")], (1.0, ARRIVAL_MS)))),
    ]
    for _ in range(2):
        points = reader.read(_records(*bodies)).points
        assert len(points) == len(bodies) - 1
        assert len({id(point.series) for point in points}) == 1


def test_the_payload_of_a_point_is_what_the_client_wrote() -> None:
    """Also of one that was read without a closer look, and is refused later on."""
    given = [metric("a", value=1), metric("b", value=2)]
    [record] = _records(_json(*given))
    assert _reader().payload(record)(1) == given[1]


_NEW: dict[str, Callable[[int], bytes]] = {
    "json": lambda number: json.dumps(batch(metric(dimensions={"host": f"h{number}"}))).encode(),
    "json-gz": lambda number: gzip.compress(
        json.dumps(batch(metric(f"m{number}", dimensions={"host": f"h{number}"}))).encode(), 1
    ),
    "influx-ns": lambda number: f"cpu,host=h{number} f{number}=1 not-a-time\nm{number} f{number}=1".encode(),
    "remote-write": lambda number: body(
        series([("__name__", f"m{number}"), ("host", f"h{number}")], (1.0, ARRIVAL_MS)),
        series([("__name__", f"n{number}"), ("job", f"h{number}")]),
    ),
    "collectd": lambda number: json.dumps(
        [{"host": f"h{number}", "plugin": "p", "type": "t", "values": [1], "dsnames": [f"d{number}"]}]
    ).encode(),
    "otlp-json": lambda number: json.dumps(_otlp(number)).encode(),
    "otlp-pb": lambda number: ParseDict(_otlp(number), ExportMetricsServiceRequest()).SerializeToString(),
}


def _otlp(number: int) -> dict[str, object]:
    attributes = [{"key": f"k{number}", "value": {"stringValue": f"v{number}"}}]
    points = [{"timeUnixNano": f"{ARRIVAL_MS}000000", "asDouble": 1, "attributes": attributes}]
    metrics = [{"name": f"m{number}", "gauge": {"dataPoints": points}}]
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}


@pytest.mark.parametrize("format_", _NEW)
def test_a_stream_of_ever_new_series_does_not_grow_the_process(format_: str) -> None:
    """What is kept has an end, and the series that come after it are read as those before it."""
    bodies = [(format_, _NEW[format_](number)) for number in range(1000)]
    _points_of(
        _reader(), bodies
    )  # so that caches of names, which have ends of their own, are as full as they get
    reader = _reader(_KEPT_BYTES)
    tracemalloc.start()
    try:
        read = _points_of(reader, bodies)
        held_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read >= len(bodies)
    assert held_bytes < 2 * _KEPT_BYTES


def _points_of(reader: RequestReader, bodies: Sequence[tuple[str, bytes]]) -> int:
    """The number of points that the bodies hold, some of them in a batch."""
    return sum(
        len(reader.read(_records(*bodies[start : start + 20])).points) for start in range(0, len(bodies), 20)
    )
