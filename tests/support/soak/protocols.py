"""Requests of every protocol that the API takes, with the same points in each."""

import gzip
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.support import remote_write_requests
from tests.support.soak.points import Point

HOST = "soak"


@dataclass(frozen=True)
class Protocol:
    """A way to send points: where to, as what, and how they are written."""

    path: str
    content_type: str
    encode: Callable[[Iterable[Point]], bytes]
    base: str = "TIDEGAUGE_BASE_URL"
    """The variable of the environment file with the address that the path stands below."""
    content_encoding: str = ""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of a request."""
        encoding = {"Content-Encoding": self.content_encoding} if self.content_encoding else {}
        return {"Content-Type": self.content_type, **encoding}

    def address(self, environment: Mapping[str, str]) -> tuple[str, str]:
        """Host with port, and the path with which a request is posted there."""
        url = urlsplit(environment[self.base])
        return url.netloc, url.path.rstrip("/") + self.path


def _json(points: Iterable[Point]) -> bytes:
    return orjson.dumps(
        {
            "metrics": [
                {
                    "metric_name": one.name,
                    "value": one.value,
                    "timestamp": one.time_s * 1000,
                    "dimensions": {"host": HOST},
                }
                for one in points
            ]
        }
    )


def _gzip(points: Iterable[Point]) -> bytes:
    return gzip.compress(_json(points), 1)


def _by_name(points: Iterable[Point]) -> Mapping[str, list[Point]]:
    found: dict[str, list[Point]] = {}
    for one in points:
        found.setdefault(one.name, []).append(one)
    return found


def _otlp_json(points: Iterable[Point]) -> bytes:
    attributes = [{"key": "host", "value": {"stringValue": HOST}}]
    metrics = [
        {
            "name": name,
            "gauge": {
                "dataPoints": [
                    {
                        "attributes": attributes,
                        "timeUnixNano": str(one.time_s * 10**9),
                        "asDouble": one.value,
                    }
                    for one in found
                ]
            },
        }
        for name, found in _by_name(points).items()
    ]
    return orjson.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]})


def _otlp_protobuf(points: Iterable[Point]) -> bytes:
    request = ExportMetricsServiceRequest()
    metrics = request.resource_metrics.add().scope_metrics.add().metrics
    for name, found in _by_name(points).items():
        gauge = metrics.add(name=name).gauge
        for one in found:
            made = gauge.data_points.add(time_unix_nano=one.time_s * 10**9, as_double=one.value)
            made.attributes.add(key="host").value.string_value = HOST
    return bytes(request.SerializeToString())


def _lines(points: Iterable[Point]) -> bytes:
    return "\n".join(f"{one.name},host={HOST} value={one.value} {one.time_s}" for one in points).encode()


def _collectd(points: Iterable[Point]) -> bytes:
    return orjson.dumps(
        [
            {
                "values": [one.value], "dstypes": ["gauge"], "dsnames": ["value"], "time": float(one.time_s),
                "interval": 1.0, "host": HOST, "plugin": one.name, "plugin_instance": "", "type": one.name,
                "type_instance": "",
            }
            for one in points
        ]
    )  # fmt: skip


def _remote_write(points: Iterable[Point]) -> bytes:
    return remote_write_requests.body(
        *(
            remote_write_requests.series(
                [("__name__", name), ("host", HOST)], *((one.value, one.time_s * 1000) for one in found)
            )
            for name, found in _by_name(points).items()
        )
    )


PROTOCOLS: Mapping[str, Protocol] = {
    "json": Protocol("/metrics", "application/json", _json),
    "gzip": Protocol("/metrics", "application/gzip", _gzip),
    "otlp_json": Protocol("/v1/metrics", "application/json", _otlp_json),
    "otlp_protobuf": Protocol("/v1/metrics", "application/x-protobuf", _otlp_protobuf),
    "lines": Protocol("/api/v2/write?bucket=soak&precision=s", "text/plain; charset=utf-8", _lines),
    "collectd": Protocol("/collectd", "application/json", _collectd),
    "remote_write": Protocol(
        "", "application/x-protobuf", _remote_write, "TIDEGAUGE_REMOTE_WRITE_URL", "snappy"
    ),
}
"""Each protocol by the name that its series have."""


def protocols_of(environment: Mapping[str, str]) -> Mapping[str, Protocol]:
    """The protocols that a run takes, as its environment file has their addresses."""
    return {name: one for name, one in PROTOCOLS.items() if one.base in environment}
