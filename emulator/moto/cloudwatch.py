"""moto's CloudWatch with our metrics: it keeps alarms and dashboards, and reads and writes the wire.

moto's own metrics are one list that every question reads from end to end; it makes no percentile, no metric math and no
sum over dimensions, and its alarms stay in the state they are created in.
"""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError
from moto.cloudwatch.models import Alarm
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from emulator.cloudwatch import queries
from emulator.cloudwatch.metrics import MetricId, Metrics, RegionMetrics
from emulator.cloudwatch.statistics import SIMPLE, Values
from emulator.moto.kept_alarms import KeptAlarm

_PAGE = 500


class _Kept:
    """The metrics of now, and moto's own call; a class with no objects, as its modules are one for the process."""

    metrics: Metrics
    put_metric_alarm: Any


@contextlib.contextmanager
def installed(metrics: Metrics) -> Iterator[None]:
    """Let moto's CloudWatch go by these metrics until the end."""
    replaced = {name: getattr(CloudWatchResponse, name) for name in _CALLS}
    _Kept.metrics = metrics
    for name, call in _CALLS.items():
        setattr(CloudWatchResponse, name, call)
    _Kept.put_metric_alarm = replaced["put_metric_alarm"]
    try:
        yield
    finally:
        for name, call in replaced.items():
            setattr(CloudWatchResponse, name, call)


def _here(response: Any) -> RegionMetrics:
    return _Kept.metrics.of(response.region)


def _put_metric_alarm(response: Any) -> Any:
    kept = response.cloudwatch_backend.alarms
    name = response._get_param("AlarmName")
    before: Alarm | None = kept.get(name)
    reply = _Kept.put_metric_alarm(response)
    alarm = kept[name]
    if before is None:
        alarm.state_value = "INSUFFICIENT_DATA"
    else:  # an alarm that is changed keeps its state until it is evaluated
        alarm.state_value, alarm.state_reason = before.state_value, before.state_reason
        alarm.state_updated_timestamp = before.state_updated_timestamp
    try:
        rule = KeptAlarm(response.region, alarm).rule
        queries.run(_here(response), rule.queries, 0, rule.period_min)
    except (KeyError, TypeError, ValueError) as error:
        del kept[name]
        raise ValidationError(f"{name}: {error}") from error
    return reply


def _put_metric_data(response: Any) -> Any:
    namespace, metrics = response._get_param("Namespace"), _here(response)
    members = response._get_param("MetricData", [])
    for number, member in enumerate(members, 1):
        response.cloudwatch_backend._validate_parameters_put_metric_data(member, number)
    for member in members:
        dimensions = {item["Name"]: item["Value"] for item in member.get("Dimensions") or ()}
        at = member.get("Timestamp")
        named: Any = {"unit": member.get("Unit") or "None", "at_s": None if at is None else _seconds(at)}
        if member.get("StatisticValues"):
            told = {name: float(value) for name, value in member["StatisticValues"].items()}
            known = {told["Minimum"]: told["SampleCount"]} if told["Minimum"] == told["Maximum"] else {}
            values = Values(
                told["SampleCount"], told["Sum"], told["Minimum"], told["Maximum"], distribution=known
            )
            metrics.put_set(namespace, member["MetricName"], values, dimensions, **named)
            continue
        each = member.get("Values") or [member.get("Value", 0)]
        for value, count in zip(each, member.get("Counts") or [1] * len(each), strict=True):
            metrics.put(
                namespace, member["MetricName"], float(value), dimensions, count=float(count), **named
            )
    return EmptyResult()


def _get_metric_data(response: Any) -> Any:
    asked = response._get_params()
    told = asked.get("MetricDataQueries") or []
    start, stop = _range(asked)
    try:
        found = queries.run(_here(response), told, start, stop)
    except (KeyError, ValueError) as error:
        raise ValidationError(str(error)) from error
    newest_first = (asked.get("ScanBy") or "TimestampDescending") == "TimestampDescending"
    results = []
    for query in told:
        if query.get("ReturnData") in {False, "false"}:
            continue
        points = sorted(found[query["Id"]].items(), reverse=newest_first)
        name = query["Id"] if query.get("Expression") else query["MetricStat"]["Metric"]["MetricName"]
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label") or name,
                "Timestamps": [_moment(minute) for minute, _ in points],
                "Values": [value for _, value in points],
                "StatusCode": "Complete",
            }
        )
    return ActionResult({"MetricDataResults": results})


def _get_metric_statistics(response: Any) -> Any:
    asked = response._get_params()
    start, stop = _range(asked)
    simple, extended = asked.get("Statistics") or [], asked.get("ExtendedStatistics") or []
    if not simple and not extended:
        raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
    metrics, metric = _here(response), queries.metric_id(asked)
    points: dict[int, dict[str, Any]] = {}
    try:
        window = queries.Window(start, stop, queries.period_minutes(asked))
        for name in (*simple, *extended):
            for minute, value in queries.statistic(
                metrics, metric, name, window, unit=asked.get("Unit")
            ).items():
                point = points.setdefault(
                    minute, {"Timestamp": _moment(minute), "Unit": metrics.unit(metric)}
                )
                if name in SIMPLE:
                    point[name] = value
                else:
                    point.setdefault("ExtendedStatistics", {})[name] = value
    except ValueError as error:
        raise InvalidParameterValue(str(error)) from error
    return ActionResult({"Label": metric.name, "Datapoints": list(points.values())})


def _list_metrics(response: Any) -> Any:
    asked = response._get_params()
    found = sorted(
        (metric for metric in _here(response).ids() if _is_asked_for(metric, asked)),
        key=lambda metric: (metric.namespace, metric.name, metric.dimensions),
    )
    first = int(asked.get("NextToken") or 0)
    listed = [
        {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
        }
        for metric in found[first : first + _PAGE]
    ]
    more = str(first + _PAGE) if len(found) > first + _PAGE else None
    return ActionResult({"Metrics": listed, "NextToken": more})


def _is_asked_for(metric: MetricId, asked: Mapping[str, Any]) -> bool:
    dimensions = dict(metric.dimensions)
    return (
        asked.get("Namespace") in {None, metric.namespace}
        and asked.get("MetricName") in {None, metric.name}
        and all(
            item["Name"] in dimensions and item.get("Value") in {None, dimensions[item["Name"]]}
            for item in asked.get("Dimensions") or ()
        )
    )


def _range(asked: Mapping[str, Any]) -> tuple[int, int]:
    """The minutes that a request is about: its start is rounded down, and its end is not part of it."""
    start_s, stop_s = _seconds(asked["StartTime"]), _seconds(asked["EndTime"])
    if start_s >= stop_s:
        raise ValidationError("The parameter EndTime must be greater than StartTime.")
    return int(start_s // 60), int(-(-stop_s // 60))


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


_CALLS: Mapping[str, Any] = {
    "get_metric_data": _get_metric_data,
    "get_metric_statistics": _get_metric_statistics,
    "list_metrics": _list_metrics,
    "put_metric_alarm": _put_metric_alarm,
    "put_metric_data": _put_metric_data,
}
