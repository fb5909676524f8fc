"""Embedded metric format: the metrics in a function's log lines, as CloudWatch would extract them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import orjson

from emulator.cloudwatch.metrics import RegionMetrics


@dataclass(frozen=True, slots=True)
class MetricStatistics:
    """The values reported under one metric name."""

    sum: float
    count: int
    minimum: float
    maximum: float
    latest: float


class EmbeddedMetrics:
    """Adds up metrics by function and name, and puts them into CloudWatch; safe to use from many threads."""

    def __init__(self, metrics: RegionMetrics) -> None:
        self._metrics = metrics
        self._lock = threading.Lock()
        self._totals: dict[str, dict[str, MetricStatistics]] = {}

    def add(self, function: str, line: str) -> None:
        """Count the metrics of one log line; any other line is ignored."""
        if not line.startswith("{") or '"_aws"' not in line:
            return
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError:
            return
        directives = list(_directives(document))
        for name in {metric["Name"] for directive in directives for metric in directive.metrics}:
            for value in _values(document.get(name)):
                self._count(function, name, value)
        for directive in directives:
            self._put(document, directive)

    def snapshot(self) -> Mapping[str, Mapping[str, MetricStatistics]]:
        """The totals so far, by function and metric name."""
        with self._lock:
            return {function: dict(totals) for function, totals in self._totals.items()}

    def _put(self, document: Any, directive: "_Directive") -> None:
        told_ms = document["_aws"].get("Timestamp")
        at_s = told_ms / 1000 if isinstance(told_ms, int) else None
        for names, metric in product(directive.dimensions, directive.metrics):
            if not all(isinstance(document.get(name), str) for name in names):
                continue
            dimensions = {name: document[name] for name in names}
            unit = str(metric.get("Unit", "None"))
            for value in _values(document.get(metric["Name"])):
                self._metrics.put(
                    directive.namespace, metric["Name"], value, dimensions, unit=unit, at_s=at_s
                )

    def _count(self, function: str, name: str, value: float) -> None:
        with self._lock:
            totals = self._totals.setdefault(function, {})
            before = totals.get(name)
            totals[name] = (
                MetricStatistics(value, 1, value, value, value)
                if before is None
                else MetricStatistics(
                    before.sum + value,
                    before.count + 1,
                    min(before.minimum, value),
                    max(before.maximum, value),
                    value,
                )
            )


@dataclass(frozen=True, slots=True)
class _Directive:
    namespace: str
    dimensions: Sequence[Sequence[str]]
    metrics: Sequence[Mapping[str, Any]]


def _directives(document: Any) -> Iterator[_Directive]:
    """The directives of a document, without what is no metric in them."""
    metadata = document.get("_aws") if isinstance(document, dict) else None
    found = metadata.get("CloudWatchMetrics") if isinstance(metadata, dict) else None
    for directive in found if isinstance(found, list) else ():
        if isinstance(directive, dict):
            sets = directive.get("Dimensions")
            yield _Directive(
                namespace=str(directive.get("Namespace", "")),
                dimensions=[names for names in sets if isinstance(names, list)]
                if isinstance(sets, list)
                else [],
                metrics=[
                    metric
                    for metric in directive.get("Metrics") or ()
                    if isinstance(metric, dict) and isinstance(metric.get("Name"), str)
                ],
            )


def _values(value: Any) -> list[float]:
    values = value if isinstance(value, list) else [value]
    return [float(item) for item in values if isinstance(item, int | float) and not isinstance(item, bool)]
