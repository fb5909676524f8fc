"""Alarms as a table: what each component watches, from when it matters, and why from then."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from troposphere import Template
from troposphere.cloudwatch import Alarm as CloudWatchAlarm
from troposphere.cloudwatch import Metric, MetricDataQuery, MetricDimension, MetricStat


@dataclass(frozen=True)
class Alarm:
    """One alarm: it goes off when `datapoints` of `periods` periods (of `period_s` seconds) reach the threshold.

    A period with fewer than `at_least` values of the metric does not count: a share of next to nothing means nothing.
    Where `missing_breaches`, a period without values counts as one that reached the threshold; elsewhere no data means
    no trouble, as metrics are absent when nothing happens. `below` is an alarm on what does not reach the threshold.
    A warning tells of what does no harm yet, or of harm for which another alarm goes off, a little later.
    """

    name: str
    metric: str
    statistic: str
    threshold: float
    why: str
    period_s: int = 60
    periods: int = 1
    datapoints: int = 1
    at_least: int = 0
    warning: bool = False
    missing_breaches: bool = False
    below: bool = False


def first_alarm(
    name: str, metric: str, why: str, *, statistic: str = "Sum", period_s: int = 300, warning: bool = False
) -> Alarm:
    """An alarm on the first of what should never happen."""
    return Alarm(name, metric, statistic, 1, why, period_s=period_s, warning=warning)


def heartbeat_alarm(metric: str, why: str) -> Alarm:
    """The alarm on heartbeats that do not come through: in five minutes none that is younger than ten.

    Of several ages the least counts: what is written again hours later says nothing of now. Consumers wait five minutes
    at most for a batch to fill. Where there is no value at all, CloudWatch looks two periods further back for one:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    return Alarm(
        "HeartbeatMissing",
        metric,
        "Minimum",
        600,
        why,
        period_s=300,
        missing_breaches=True,
    )


def throttles_alarm(who: str, consequence: str) -> Alarm:
    """The alarm on a function's throttles, with what follows for people while they last: three minutes of five."""
    why = f"Lambda has no room for {who}: the account's concurrency, or what is reserved, is used up. {consequence}"
    return Alarm("Throttles", "Throttles", "Sum", 1, why, periods=5, datapoints=3, warning=True)


def errors_alarm(who: str, consequence: str) -> Alarm:
    """The alarm on a function's errors, likewise: one failure heals itself by a retry."""
    why = f"Invocations of {who} fail for longer than retries heal: a defect or a missing permission. {consequence}"
    return Alarm("Errors", "Errors", "Sum", 1, why, periods=5, datapoints=3, warning=True)


def add_alarms(
    template: Template,
    component: str,
    alarms: Sequence[Alarm],
    *,
    namespace: str,
    dimensions: Mapping[str, Any],
    notify: Sequence[Any],
) -> None:
    """Add the alarms of one component that share a namespace and dimensions."""
    for alarm in alarms:
        metric = {
            "Namespace": namespace,
            "MetricName": alarm.metric,
            "Dimensions": [MetricDimension(Name=name, Value=value) for name, value in dimensions.items()],
        }
        statistic = "ExtendedStatistic" if alarm.statistic.startswith("p") else "Statistic"
        watched = {**metric, "Period": alarm.period_s, statistic: alarm.statistic}
        _add(template, component, alarm, _at_least(alarm, metric) if alarm.at_least else watched, notify)


def _at_least(alarm: Alarm, metric: Mapping[str, Any]) -> Mapping[str, Any]:
    """The alarm's statistic, or nothing of it where there are too few values."""
    statistics = {"watched": alarm.statistic, "number": "SampleCount"}
    return {
        "Metrics": [
            MetricDataQuery(
                Id="enough",
                Expression=f"IF(number >= {alarm.at_least}, watched, 0)",
                Label=alarm.metric,
                ReturnData=True,
            ),
            *(
                MetricDataQuery(
                    Id=name,
                    MetricStat=MetricStat(Metric=Metric(**metric), Period=alarm.period_s, Stat=statistic),
                    ReturnData=False,
                )
                for name, statistic in statistics.items()
            ),
        ]
    }


def add_total_alarms(
    template: Template,
    component: str,
    alarms: Sequence[Alarm],
    *,
    namespace: str,
    labels: Mapping[str, str],
    notify: Sequence[Any],
) -> None:
    """Add alarms on the sum over every metric with these labels: for when AWS adds dimensions it does not list."""
    condition = " AND ".join(f"{name} = '{value}'" for name, value in labels.items())
    for alarm in alarms:
        query = f'SELECT SUM({alarm.metric}) FROM "{namespace}" WHERE {condition}'  # noqa: S608 - our own names, to CloudWatch
        total = MetricDataQuery(Id="total", Expression=query, Period=alarm.period_s, ReturnData=True)
        _add(template, component, alarm, {"Metrics": [total]}, notify)


def _runbook(component: str, name: str) -> str:
    """The place in this repository that says what to do: a page for each component, a heading for each alarm.

    Of several components that differ by a hash, as those of subscriptions do, the page is one.
    """
    kind = re.sub(r"[0-9a-f]{8}$", "", component)
    page = re.sub(r"(?<=.)(?=[A-Z])", "-", kind).lower()
    return f"docs/runbooks/{page}.md#{kind.lower()}{name.lower()}"


def _add(
    template: Template, component: str, alarm: Alarm, watched: Mapping[str, Any], notify: Sequence[Any]
) -> None:
    template.add_resource(
        CloudWatchAlarm(
            f"{component}{alarm.name}Alarm",
            AlarmDescription=f"{alarm.why} Runbook: {_runbook(component, alarm.name)}",
            EvaluationPeriods=alarm.periods,
            DatapointsToAlarm=alarm.datapoints,
            Threshold=alarm.threshold,
            ComparisonOperator="LessThanThreshold" if alarm.below else "GreaterThanOrEqualToThreshold",
            TreatMissingData="breaching" if alarm.missing_breaches else "notBreaching",
            AlarmActions=list(notify),
            OKActions=list(notify),
            **watched,
        )
    )
