"""Questions to the metrics: GetMetricData's queries, each with its series of one value a period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.cloudwatch.insights import Query, is_query, parse_query
from emulator.cloudwatch.metric_math import Expression
from emulator.cloudwatch.metrics import MetricId, RegionMetrics
from emulator.cloudwatch.statistics import Values

Series = dict[int, float]
"""Values by the minute in which their period begins."""


@dataclass(frozen=True, slots=True)
class Window:
    """Periods of a length in minutes that follow each other from minute `first` to before minute `stop`."""

    first: int
    stop: int
    minutes: int

    def __iter__(self) -> Any:
        return iter(range(self.first, self.stop, self.minutes))


def statistic(
    metrics: RegionMetrics, metric: MetricId, name: str, window: Window, *, unit: str | None = None
) -> Series:
    """A statistic of a metric in each period that has values. ValueError for one that is not made here."""
    Values(1.0, distribution={0.0: 1.0}).statistic(name)
    found: Series = {}
    for minute in window:
        values = metrics.values(metric, minute, minute + window.minutes, unit=unit)
        if values is not None:
            found[minute] = values.statistic(name)
    return found


def run(
    metrics: RegionMetrics, queries: Sequence[Mapping[str, Any]], first: int, stop: int
) -> dict[str, Series]:
    """The series of every query by its id, from minute `first` to before minute `stop`.

    Queries are those of GetMetricData. ValueError says what is wrong, or not known here.
    """
    found: dict[str, Series] = {}
    waiting = {str(query["Id"]): query for query in queries}
    while waiting:
        ready = {key: query for key, query in waiting.items() if not _needs(query) - found.keys()}
        if not ready:
            key, query = next(iter(waiting.items()))
            missing = ", ".join(sorted(_needs(query) - found.keys()))
            raise ValueError(f"{key}: there is no query {missing}, or it needs this one")
        for key, query in ready.items():
            found[key] = _series(metrics, query, found, first, stop)
            del waiting[key]
    return found


def period_minutes(query: Mapping[str, Any]) -> int:
    """A query's period in minutes. ValueError for one that is no whole number of them."""
    seconds = int(query.get("MetricStat", {}).get("Period") or query.get("Period") or 0)
    if seconds < 60 or seconds % 60:
        raise ValueError(f"{query.get('Id', 'Period')}: a period of {seconds} s; here they are whole minutes")
    return seconds // 60


def metric_id(metric: Mapping[str, Any]) -> MetricId:
    """The metric that a request names."""
    dimensions = {item["Name"]: item["Value"] for item in metric.get("Dimensions") or ()}
    return MetricId(metric["Namespace"], metric["MetricName"], tuple(sorted(dimensions.items())))


def _needs(query: Mapping[str, Any]) -> frozenset[str]:
    expression = query.get("Expression")
    return frozenset() if not expression or is_query(expression) else Expression(expression).ids


def _series(
    metrics: RegionMetrics, query: Mapping[str, Any], found: Mapping[str, Series], first: int, stop: int
) -> Series:
    expression = query.get("Expression")
    if not expression:
        told = query["MetricStat"]
        window = Window(first, stop, period_minutes(query))
        return statistic(metrics, metric_id(told["Metric"]), told["Stat"], window, unit=told.get("Unit"))
    if is_query(expression):
        return _insights(metrics, parse_query(expression), Window(first, stop, period_minutes(query)))
    math = Expression(expression)
    minutes = sorted({minute for key in math.ids for minute in found[key]})
    values = {minute: math.value({key: found[key].get(minute) for key in math.ids}) for minute in minutes}
    return {minute: value for minute, value in values.items() if value is not None}


def _insights(metrics: RegionMetrics, query: Query, window: Window) -> Series:
    taken = [metric for metric in metrics.ids() if query.takes(metric)]
    found: Series = {}
    for minute in window:
        parts = [metrics.values(metric, minute, minute + window.minutes) for metric in taken]
        there = [part for part in parts if part is not None]
        if there:
            found[minute] = Values.merged(there).statistic(query.statistic)
    return found
