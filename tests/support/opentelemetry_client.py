"""OpenTelemetry's SDK for Python, unmodified, exports over OTLP; run in the environment that has it.

On standard input, in JSON: `endpoint`, `headers` and `compression` (where null, the environment says it), if `delta`
temporality and if `exponential` histograms are wanted, the metrics' `prefix`, the `values` that each instrument gets,
and how many `exports` follow each other. Prints the exports in JSON lines: if the exporter counts it as sent, and the
SDK's own data points.
"""

import json
import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider, ObservableCounter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation
from opentelemetry.sdk.resources import Resource

# Attributes of every kind that there is, and names that a dimension has not.
ATTRIBUTES: Mapping[str, Any] = {
    "http.route": "/päy",
    "http-status": 200,
    "ok": True,
    "share": 0.25,
    "tags": ["a", "b"],
    "empty": "",
}
RESOURCE = {
    "service.name": "checkout",
    "service.namespace": "shop",
    "service.instance.id": "0123",
    "host.name": "h-1",
}


class Told(OTLPMetricExporter):
    """The exporter, and what it says of each export."""

    def export(self, metrics_data: MetricsData, *arguments: Any, **options: Any) -> MetricExportResult:
        """Export, and print the result with the points."""
        result = super().export(metrics_data, *arguments, **options)
        points = list(_points(metrics_data))
        print(json.dumps({"sent": result is MetricExportResult.SUCCESS, "points": points}), flush=True)
        return result


def _points(data: MetricsData) -> Iterator[dict[str, Any]]:
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    yield {"name": metric.name, **json.loads(point.to_json())}


def main() -> None:
    """Record what is asked for, and export it."""
    given = json.load(sys.stdin)
    kinds = (Counter, Histogram, ObservableCounter)
    exporter = Told(
        endpoint=given["endpoint"],
        headers=given["headers"],
        compression=Compression[given["compression"]] if given["compression"] else None,
        preferred_temporality=dict.fromkeys(kinds, AggregationTemporality.DELTA) if given["delta"] else None,
        preferred_aggregation={Histogram: ExponentialBucketHistogramAggregation()}
        if given["exponential"]
        else None,
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=math.inf)
    provider = MeterProvider([reader], resource=Resource(RESOURCE))
    meter = provider.get_meter("tests", "1.0")
    prefix, values = given["prefix"], given["values"]

    def observe(_: CallbackOptions) -> Iterator[Observation]:
        yield Observation(values[0], ATTRIBUTES)

    counter = meter.create_counter(f"{prefix}.counter", "By")
    updown = meter.create_up_down_counter(f"{prefix}.updown")
    histogram = meter.create_histogram(f"{prefix}.histogram", "s")
    gauge = meter.create_gauge(f"{prefix}.gauge")
    meter.create_observable_gauge(f"{prefix}.observed", [observe])
    odd = meter.create_gauge(f"{prefix}.odd")
    odd.set(math.nan, {"kind": "nan"})
    odd.set(-math.inf, {"kind": "infinite"})
    for _ in range(given["exports"]):
        for value in values:
            counter.add(abs(value), ATTRIBUTES)
            updown.add(value, ATTRIBUTES)
            histogram.record(value, ATTRIBUTES)
            gauge.set(value, ATTRIBUTES)
            gauge.set(int(value))
        provider.force_flush(60_000)
    provider.shutdown()


if __name__ == "__main__":
    main()
