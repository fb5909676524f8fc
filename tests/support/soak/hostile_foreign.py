"""Hostile points in other people's protocols, which have the form that these want."""

import json
from collections.abc import Callable, Sequence

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.support import remote_write_requests
from tests.support.soak.hostile_inputs import ForeignPoint

_NS_PER_MS = 1_000_000


def _otlp_json(points: Sequence[ForeignPoint]) -> bytes:
    metrics = [
        {
            "name": one.name,
            "gauge": {
                "dataPoints": [
                    {
                        "asDouble": one.number,
                        "timeUnixNano": str(one.time_ms * _NS_PER_MS),
                        "attributes": [
                            {"key": name, "value": {"stringValue": value}}
                            for name, value in one.dimensions.items()
                        ],
                    }
                ]
            },
        }
        for one in points
    ]
    return json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}).encode()


def _otlp_protobuf(points: Sequence[ForeignPoint]) -> bytes:
    request = ExportMetricsServiceRequest()
    metrics = request.resource_metrics.add().scope_metrics.add().metrics
    for one in points:
        made = metrics.add(name=one.name).gauge.data_points.add(
            time_unix_nano=one.time_ms * _NS_PER_MS, as_double=one.number
        )
        for name, value in one.dimensions.items():
            made.attributes.add(key=name).value.string_value = value
    return bytes(request.SerializeToString())


def _remote_write(points: Sequence[ForeignPoint]) -> bytes:
    return remote_write_requests.body(
        *(
            remote_write_requests.series(
                [("__name__", one.name), *one.dimensions.items()], (float(one.number), one.time_ms)
            )
            for one in points
        )
    )


FOREIGN: Sequence[tuple[str, Callable[[Sequence[ForeignPoint]], bytes]]] = (
    ("otlp_json", _otlp_json),
    ("otlp_protobuf", _otlp_protobuf),
    ("remote_write", _remote_write),
)
"""The protocols, by their names, and how they write points."""
