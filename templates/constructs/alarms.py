"""Alarms as a table: what each component watches, from when it matters, and why from then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from troposphere import Template
from troposphere.cloudwatch import Alarm as CloudWatchAlarm
from troposphere.cloudwatch import MetricDimension


@dataclass(frozen=True)
class Alarm:
    """One alarm: it goes off when `datapoints` of `periods` minutes-long periods reach the threshold."""

    name: str
    metric: str
    statistic: str
    threshold: float
    why: str
    period: int = 60
    periods: int = 1
    datapoints: int = 1


def add_alarms(
    template: Template,
    component: str,
    alarms: Sequence[Alarm],
    *,
    namespace: str,
    dimensions: Mapping[str, Any],
    notify: Sequence[Any],
) -> None:
    """Add the alarms of one component that share a namespace and dimensions. No data means no trouble."""
    for alarm in alarms:
        extended = alarm.statistic.startswith("p")
        template.add_resource(
            CloudWatchAlarm(
                f"{component}{alarm.name}Alarm",
                AlarmDescription=alarm.why,
                Namespace=namespace,
                MetricName=alarm.metric,
                Dimensions=[MetricDimension(Name=name, Value=value) for name, value in dimensions.items()],
                **{"ExtendedStatistic" if extended else "Statistic": alarm.statistic},
                Period=alarm.period,
                EvaluationPeriods=alarm.periods,
                DatapointsToAlarm=alarm.datapoints,
                Threshold=alarm.threshold,
                ComparisonOperator="GreaterThanOrEqualToThreshold",
                TreatMissingData="notBreaching",
                AlarmActions=list(notify),
                OKActions=list(notify),
            )
        )
