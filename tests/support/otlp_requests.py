"""Makes OTLP requests by the official classes, and says independently of ours which rows they stand for."""

import base64
import json
import math
from collections.abc import Iterator
from typing import Any

from google.protobuf.json_format import MessageToDict
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.metrics.v1 import metrics_pb2 as pb

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import read_request
from handlers.domain.ingest.formats.foreign import DEFAULT_OTLP_ATTRIBUTES, DimensionMapping
from handlers.domain.ingest.reading import Reading
from handlers.domain.ingest.validator import PointValidator
from tests.support.events import ARRIVAL_MS
from tests.support.points import LIMITS

ARRIVAL_NS = ARRIVAL_MS * 1_000_000
Row = tuple[str, dict[str, str], int, float]


def any_value(value: object) -> AnyValue:
    """A value as an attribute holds it."""
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=map(any_value, value)))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=attributes(value)))
    return AnyValue()


def attributes(values: dict[str, Any]) -> list[KeyValue]:
    """Attributes in the order of a dictionary."""
    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


def request(
    *metrics: pb.Metric,
    resource: dict[str, Any] | None = None,
    scope: str = "",
    version: str = "",
    scope_attributes: dict[str, Any] | None = None,
) -> ExportMetricsServiceRequest:
    """A request with metrics of one resource and one scope."""
    found = ExportMetricsServiceRequest()
    group = found.resource_metrics.add()
    group.resource.attributes.extend(attributes(resource or {}))
    part = group.scope_metrics.add()
    part.scope.name, part.scope.version = scope, version
    part.scope.attributes.extend(attributes(scope_attributes or {}))
    part.metrics.extend(metrics)
    return found


def number(
    value: float, time_ns: int = ARRIVAL_NS, own: dict[str, Any] | None = None, **fields: Any
) -> pb.NumberDataPoint:
    """A data point of a gauge or a sum; an integer is sent as one."""
    kind = "as_int" if isinstance(value, int) else "as_double"
    given = {kind: value, "time_unix_nano": time_ns, "attributes": attributes(own or {}), **fields}
    return pb.NumberDataPoint(**given)


def gauge(*points: pb.NumberDataPoint, name: str = "queue.depth", unit: str = "") -> pb.Metric:
    """A gauge with these data points."""
    return pb.Metric(name=name, unit=unit, gauge=pb.Gauge(data_points=points))


def histogram(own: dict[str, Any] | None = None, time_ns: int = ARRIVAL_NS, **fields: Any) -> pb.Metric:
    """A histogram with one data point."""
    point = pb.HistogramDataPoint(time_unix_nano=time_ns, attributes=attributes(own or {}), **fields)
    return pb.Metric(name="latency", histogram=pb.Histogram(data_points=[point]))


def exponential(own: dict[str, Any] | None = None, **fields: Any) -> pb.Metric:
    """An exponential histogram with one data point."""
    point = pb.ExponentialHistogramDataPoint(
        time_unix_nano=ARRIVAL_NS, attributes=attributes(own or {}), **fields
    )
    return pb.Metric(name="latency", exponential_histogram=pb.ExponentialHistogram(data_points=[point]))


def summary(quantiles: dict[float, float], own: dict[str, Any] | None = None, **fields: Any) -> pb.Metric:
    """A summary with one data point."""
    values = [
        pb.SummaryDataPoint.ValueAtQuantile(quantile=quantile, value=value)
        for quantile, value in quantiles.items()
    ]
    point = pb.SummaryDataPoint(
        time_unix_nano=ARRIVAL_NS, attributes=attributes(own or {}), quantile_values=values, **fields
    )
    return pb.Metric(name="latency", summary=pb.Summary(data_points=[point]))


def protobuf_body(message: ExportMetricsServiceRequest) -> bytes:
    """The request as protobuf."""
    return bytes(message.SerializeToString())


def json_body(message: ExportMetricsServiceRequest) -> bytes:
    """The request as OTLP's JSON, whose enumerations are numbers."""
    return json.dumps(MessageToDict(message, use_integers_for_enums=True)).encode()


def read_body(
    body: bytes, format_: str = "otlp-pb", wanted: frozenset[str] = DEFAULT_OTLP_ATTRIBUTES
) -> Reading:
    """The reading of a body of this format."""
    record = StreamRecord(format_, "-", "r", ARRIVAL_MS, 1, "s", body)
    return read_request(record, PointValidator(LIMITS), DimensionMapping(wanted))


def read_both(
    message: ExportMetricsServiceRequest, wanted: frozenset[str] = DEFAULT_OTLP_ATTRIBUTES
) -> Reading:
    """The reading of a request, which is the same in both encodings."""
    found = read_body(protobuf_body(message), "otlp-pb", wanted)
    same = read_body(json_body(message), "otlp-json", wanted)
    assert rows_of(found) == rows_of(same)
    assert _verdicts(found) == _verdicts(same)
    assert (found.dropped, found.ignored) == (same.dropped, same.ignored)
    return found


def _verdicts(reading: Reading) -> list[tuple[int, str, str]]:
    return [(index, violation.reason, violation.field) for index, violation in reading.refusals]


def rows_of(reading: Reading) -> list[Row]:
    """Name, dimensions, time and value of the points."""
    return [
        (point.series.metric_name, dict(point.series.dimensions), point.time_ns, point.value)
        for point in reading.points
    ]


# --- requests of any content, and the rows that they stand for ---

_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=6)
_KEYS = st.sampled_from(["a", "b.c", "b-c", "b_c", "host.name", "9lives", "value", "le"])
_INTEGERS = st.integers(-(2**63), 2**63 - 1)
_SCALARS = _TEXTS | st.booleans() | _INTEGERS | st.floats(allow_nan=False) | st.binary(max_size=4)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXTS, inner, max_size=2),
    max_leaves=4,
)
_OWN = st.dictionaries(_KEYS, _VALUES, max_size=3)
_DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
_NUMBERS = _DOUBLES | _INTEGERS
_TIMES = st.integers(ARRIVAL_NS - 10**15, ARRIVAL_NS + 10**9)


@st.composite
def _histograms(draw: st.DrawFn) -> pb.Metric:
    bounds = sorted(draw(st.sets(st.floats(-1e9, 1e9), max_size=40)))
    counts = draw(st.lists(st.integers(0, 2**33), min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    statistics = draw(st.fixed_dictionaries({}, optional=dict.fromkeys(("sum", "min", "max"), _DOUBLES)))
    own = {key: value for key, value in draw(_OWN).items() if key != "le"}
    return histogram(
        own, draw(_TIMES), count=sum(counts), bucket_counts=counts, explicit_bounds=bounds, **statistics
    )


_METRICS = st.one_of(
    st.lists(st.builds(number, _NUMBERS, _TIMES, _OWN), max_size=3).map(lambda points: gauge(*points)),
    _histograms(),
    st.dictionaries(st.floats(0, 1), _DOUBLES, max_size=3).map(
        lambda given: summary(given, count=2, sum=1.5)
    ),
)
REQUESTS = st.builds(request, _METRICS, _METRICS, resource=_OWN, scope=_TEXTS)


def expected_rows(message: ExportMetricsServiceRequest, wanted: frozenset[str]) -> Iterator[Row]:
    """The rows of a request in order, as docs/protocols.md says them, by the official classes alone."""
    for group in message.resource_metrics:
        inherited = {one.key: one.value for one in group.resource.attributes if one.key in wanted}
        for scope in group.scope_metrics:
            for metric in scope.metrics:
                data = getattr(metric, metric.WhichOneof("data"))
                for point in data.data_points:
                    own = inherited | {one.key: one.value for one in point.attributes}
                    for name, label, value in _parts(metric, point):
                        yield name, _named(own) | label, point.time_unix_nano, float(value)


def _parts(metric: pb.Metric, point: Any) -> Iterator[tuple[str, dict[str, str], float]]:
    name = metric.name
    if metric.HasField("gauge"):
        yield name, {}, getattr(point, point.WhichOneof("value"))
        return
    yield f"{name}_count", {}, point.count
    if metric.HasField("summary"):
        yield f"{name}_sum", {}, point.sum
        for one in point.quantile_values:
            yield name, {"quantile": _go(one.quantile)}, one.value
        return
    for statistic in ("sum", "min", "max"):
        if point.HasField(statistic):
            yield f"{name}_{statistic}", {}, getattr(point, statistic)
    total, places = 0, len(point.explicit_bounds)
    kept = range(places) if places < 32 else [place * (places - 1) // 30 for place in range(31)]
    for place, bound in enumerate(point.explicit_bounds):
        total += point.bucket_counts[place]
        if place in kept:
            yield f"{name}_bucket", {"le": _go(bound)}, total
    yield f"{name}_bucket", {"le": "+Inf"}, point.count


def _go(number_: float) -> str:
    """A number as Go writes it, from Python's own text of it, which has the same digits."""
    short = repr(number_).removesuffix(".0").replace(".0e", "e")
    if number_ == 0 or 1e-4 <= abs(number_) < 1e6 or "e" in short:
        return "0" if number_ == 0 else short
    digits = short.replace(".", "").lstrip("-").rstrip("0")
    exponent = len(short.lstrip("-").partition(".")[0]) - 1
    return f"{'-' if number_ < 0 else ''}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e+{exponent:02}"


def _named(own: dict[str, AnyValue]) -> dict[str, str]:
    named: dict[str, list[str]] = {}
    for key in sorted(own):
        value = _text(_python(own[key]))
        if value:
            name = "".join(letter if letter.isalnum() else "_" for letter in key)
            named.setdefault(f"_{name}" if name in {"9lives", "value"} else name, []).append(value)
    return {name: ";".join(values) for name, values in named.items()}


def _python(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_python(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return {one.key: _python(one.value) for one in value.kvlist_value.values}
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    found = getattr(value, kind) if kind else None
    if isinstance(found, float) and math.isinf(found):
        return "Infinity" if found > 0 else "-Infinity"
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
