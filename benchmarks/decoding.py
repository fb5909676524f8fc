"""The cost of decoding a point, by format: `python -m benchmarks.decoding`.

The same points lie in a batch in each format, and are read by the reader that both consumers use: from bytes to
points that are named and judged; once by a process that begins, and once by one that knows the series. The yardstick
is `json.loads` of them in our own JSON, in the same run, which names and judges nothing: the ratio holds anywhere.
"""

import gzip
import json
import random
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import cramjam
import orjson
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from benchmarks.report import best, print_head, print_row
from handlers.adapters.timestream.limits import store_limits
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import protobuf_wire
from handlers.domain.ingest.formats.foreign import DEFAULT_OTLP_ATTRIBUTES
from handlers.domain.ingest.request_reader import RequestReader
from handlers.domain.point import Point

ARRIVAL_MS = 1_763_769_600_000
LIMITS = store_limits(30)
POINTS = 10_000
_REQUEST = 500
_RUNS = 7


class Sample(NamedTuple):
    """A sample that every format can say, at a time in epoch milliseconds."""

    name: str
    dimensions: Mapping[str, str]
    time_ms: int
    value: float


Encode = Callable[[Sequence[Sample]], bytes]


def main() -> None:
    """Print the table as Markdown."""
    print_head(
        "feed",
        "format",
        "bytes a point",
        "us a point",
        "times json.loads",
        "series known",
        "times json.loads",
    )
    for feed, samples in FEEDS.items():
        requests = in_requests(samples)
        yardstick = loading(requests)
        print_row(feed, "json.loads", "", f"{yardstick:.2f}", 1, "", "")
        for body_format, encode in FORMATS.items():
            bodies = [encode(request) for request in requests]
            size = sum(map(len, bodies)) / len(samples)
            cost = reading(body_format, bodies, len(samples))
            costs = [cell for us in cost for cell in (f"{us:.2f}", f"{us / yardstick:.1f}")]
            print_row(feed, body_format, f"{size:.0f}", *costs)


def fleet(series: int) -> list[Sample]:
    """As many points of a fleet of hosts as are measured, of so many series in turn."""
    chance = random.Random(1)
    return [
        Sample(
            "cpu_usage_system",
            {"host": f"host-{index % series:05}", "region": "eu-north-1", "cpu": f"cpu{index % 8}"},
            ARRIVAL_MS - index // series * 1000,
            chance.random() * 100,
        )
        for index in range(POINTS)
    ]


FEEDS: Mapping[str, list[Sample]] = {
    "100 series": fleet(100),
    "1,000 series": fleet(1000),
    "a series each": fleet(POINTS),
}


def in_requests(samples: Sequence[Sample]) -> list[Sequence[Sample]]:
    """The samples, as many to a request as clients send at once."""
    return [samples[start : start + _REQUEST] for start in range(0, len(samples), _REQUEST)]


def loading(requests: Sequence[Sequence[Sample]]) -> float:
    """Microseconds that `json.loads` takes for a point of our own JSON."""
    bodies = [_json(request) for request in requests]
    _, processor_s, _ = best(lambda: [json.loads(body) for body in bodies], _RUNS)
    return processor_s * 1e6 / sum(map(len, requests))


class Cost(NamedTuple):
    """Microseconds a point in the first batch that a process reads, and in one whose series it has read before."""

    first: float
    known: float


def reading(body_format: str, bodies: Sequence[bytes], points: int) -> Cost:
    """The cost of a point in a batch of these bodies, each of which is stored whole."""
    reader = new_reader()
    _, first_s, found = best(lambda: len(points_of(new_reader(), body_format, bodies)), _RUNS)
    _, known_s, found_again = best(lambda: len(points_of(reader, body_format, bodies)), _RUNS)
    if (found, found_again) != (points, points):
        raise AssertionError(f"{body_format}: {found} and {found_again} of {points} points were read")
    return Cost(first_s * 1e6 / points, known_s * 1e6 / points)


def new_reader() -> RequestReader:
    """The reader of a process that begins."""
    return RequestReader(LIMITS, DEFAULT_OTLP_ATTRIBUTES)


def points_of(reader: RequestReader, body_format: str, bodies: Sequence[bytes]) -> list[Point]:
    """The points that a batch of these bodies holds, as both consumers read them."""
    records = [
        StreamRecord(body_format, "-", f"request{number}", ARRIVAL_MS, number, "shard", body)
        for number, body in enumerate(bodies)
    ]
    return reader.read(records).points


def _json(samples: Sequence[Sample]) -> bytes:
    metrics = [
        {
            "metric_name": sample.name,
            "value": sample.value,
            "timestamp": sample.time_ms,
            "dimensions": sample.dimensions,
        }
        for sample in samples
    ]
    return orjson.dumps({"metrics": metrics})


def _json_gz(samples: Sequence[Sample]) -> bytes:
    return gzip.compress(_json(samples))


def _lines(samples: Sequence[Sample]) -> bytes:
    return "".join(
        f"{sample.name},{','.join(f'{name}={value}' for name, value in sample.dimensions.items())}"
        f" value={sample.value!r} {sample.time_ms}000000\n"
        for sample in samples
    ).encode()


def _otlp(samples: Sequence[Sample]) -> ExportMetricsServiceRequest:
    """A request whose resource has what is dropped, too."""
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    group.resource.attributes.extend(_attributes({"service.instance.id": "6f1c", "process.pid": "17"}))
    metrics = group.scope_metrics.add().metrics
    by_name: dict[str, Any] = {}
    for sample in samples:
        if sample.name not in by_name:
            by_name[sample.name] = metrics.add(name=sample.name, description="Seconds of each mode", unit="s")
        by_name[sample.name].gauge.data_points.add(
            time_unix_nano=sample.time_ms * 1_000_000,
            as_double=sample.value,
            attributes=_attributes(sample.dimensions),
        )
    return request


def _attributes(dimensions: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=name, value=AnyValue(string_value=value)) for name, value in dimensions.items()]


def _otlp_protobuf(samples: Sequence[Sample]) -> bytes:
    return bytes(_otlp(samples).SerializeToString())


def _otlp_json(samples: Sequence[Sample]) -> bytes:
    return json.dumps(MessageToDict(_otlp(samples))).encode()


def _remote_write(samples: Sequence[Sample]) -> bytes:
    """A request as Prometheus writes it: labels in the order of their names, a sample to each series."""
    request = b"".join(protobuf_wire.encode(0x0A, _series(sample)) for sample in samples)
    return bytes(cramjam.snappy.compress_raw(request))


def _series(sample: Sample) -> bytes:
    labels = sorted({"__name__": sample.name, **sample.dimensions}.items())
    parts = [
        protobuf_wire.encode(
            0x0A, protobuf_wire.encode(0x0A, name.encode()) + protobuf_wire.encode(0x12, value.encode())
        )
        for name, value in labels
    ]
    time = AnyValue(int_value=sample.time_ms).SerializeToString()[1:]
    return b"".join(parts) + protobuf_wire.encode(
        0x12, b"\x09" + struct.pack("<d", sample.value) + b"\x10" + time
    )


FORMATS: Mapping[str, Encode] = {
    "json": _json,
    "json-gz": _json_gz,
    "influx-ns": _lines,
    "otlp-json": _otlp_json,
    "otlp-pb": _otlp_protobuf,
    "remote-write": _remote_write,
}


if __name__ == "__main__":
    main()
