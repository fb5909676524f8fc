"""Embedded metric format: the metrics in a function's log lines, as CloudWatch would extract them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class MetricStatistics:
    """The values reported under one metric name."""

    sum: float
    count: int
    minimum: float
    maximum: float
    latest: float


class EmbeddedMetrics:
    """Adds up metrics by function and name; safe to use from many threads."""

    def __init__(self) -> None:
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
        for name in _metric_names(document):
            for value in _values(document.get(name)):
                self._count(function, name, value)

    def snapshot(self) -> Mapping[str, Mapping[str, MetricStatistics]]:
        """The totals so far, by function and metric name."""
        with self._lock:
            return {function: dict(totals) for function, totals in self._totals.items()}

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


def _metric_names(document: Any) -> set[str]:
    metadata = document.get("_aws") if isinstance(document, dict) else None
    directives = metadata.get("CloudWatchMetrics") if isinstance(metadata, dict) else None
    names: set[str] = set()
    for directive in directives if isinstance(directives, list) else ():
        if isinstance(directive, dict):
            names.update(
                metric["Name"]
                for metric in directive.get("Metrics", ())
                if isinstance(metric, dict) and isinstance(metric.get("Name"), str)
            )
    return names


def _values(value: Any) -> list[float]:
    values = value if isinstance(value, list) else [value]
    return [float(item) for item in values if isinstance(item, int | float) and not isinstance(item, bool)]
