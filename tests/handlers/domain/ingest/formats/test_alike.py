"""The same points in every protocol."""

import gzip
import json
from collections.abc import Callable, Mapping

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import read_request
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.validator import PointValidator
from tests.support.events import ARRIVAL_MS
from tests.support.points import LIMITS
from tests.support.remote_write_requests import body, series

Given = tuple[str, Mapping[str, str], float, int]
POINTS = st.lists(
    st.tuples(
        st.sampled_from(["up", "http_requests_total", "load:1m"]),
        st.dictionaries(
            st.sampled_from(["host", "job", "value_of", "9th", "a.b-c"]),
            st.text("abcxyz019._-", min_size=1, max_size=9),
            max_size=3,
        ),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(ARRIVAL_MS - 10**6, ARRIVAL_MS),
    ),
    min_size=1,
    max_size=5,
)


def _influx(points: list[Given]) -> bytes:
    lines = []
    for name, labels, value, time_ms in points:
        tags = "".join(f",{key}={text}" for key, text in labels.items())
        lines.append(f"{name}{tags} value={value!r} {time_ms}")
    return "\n".join(lines).encode()


def _otlp(points: list[Given]) -> bytes:
    request = ExportMetricsServiceRequest()
    scope = request.resource_metrics.add().scope_metrics.add()
    for name, labels, value, time_ms in points:
        point = scope.metrics.add(name=name).gauge.data_points.add(
            time_unix_nano=time_ms * 1_000_000, as_double=value
        )
        for key, text in labels.items():
            point.attributes.add(key=key).value.string_value = text
    return request.SerializeToString()


def _remote_write(points: list[Given]) -> bytes:
    return body(
        *(
            series([("__name__", name), *labels.items()], (value, time_ms))
            for name, labels, value, time_ms in points
        )
    )


def _ours(points: list[Given]) -> bytes:
    """Our own names of dimensions are kept as they are, so those of the mapping are sent."""
    mapped = {"9th": "_9th", "a.b-c": "a_b_c"}
    metrics = [
        {
            "metric_name": name,
            "dimensions": {mapped.get(key, key): text for key, text in labels.items()},
            "value": value,
            "timestamp": time_ms,
        }
        for name, labels, value, time_ms in points
    ]
    return json.dumps({"metrics": metrics}).encode()


FORMATS: Mapping[str, Callable[[list[Given]], bytes]] = {
    "json": _ours,
    "json-gz": lambda points: gzip.compress(_ours(points)),
    "influx-ms": _influx,
    "otlp-pb": _otlp,
    "remote-write": _remote_write,
}


@given(POINTS)
def test_the_same_points_by_any_protocol_are_the_same_rows(points: list[Given]) -> None:
    """Their names, dimensions, values and times, in the order in which they were sent."""
    rows = {}
    for format_, write in FORMATS.items():
        record = StreamRecord(format_, "-", "r", ARRIVAL_MS, 1, "s", write(points))
        reading = read_request(record, PointValidator(LIMITS), DimensionMapping())
        assert not reading.refusals, (format_, reading.refusals)
        rows[format_] = [(one.series, one.time_ns, one.value) for one in reading.points]
    assert all(found == rows["json"] for found in rows.values()), rows
