"""Alarms and dashboards."""

import json

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created

_ALARM = (
    "ActionsEnabled", "AlarmActions", "AlarmDescription", "ComparisonOperator", "DatapointsToAlarm",
    "Dimensions", "EvaluateLowSampleCountPercentile", "EvaluationPeriods", "ExtendedStatistic",
    "InsufficientDataActions", "MetricName", "Metrics", "Namespace", "OKActions", "Period", "Statistic",
    "Tags", "Threshold", "ThresholdMetricId", "TreatMissingData", "Unit",
)  # fmt: skip


def _alarm(context: Context, properties: Properties) -> Created:
    name = properties.text("AlarmName", context.name(properties.logical_id))
    context.client("cloudwatch").put_metric_alarm(AlarmName=name, **properties.subset(*_ALARM))
    return Created(name, {"Arn": context.arn("cloudwatch", f"alarm:{name}")})


def _dashboard(context: Context, properties: Properties) -> Created:
    name = properties.text("DashboardName", context.name(properties.logical_id))
    body = properties.require("DashboardBody")
    context.client("cloudwatch").put_dashboard(
        DashboardName=name, DashboardBody=body if isinstance(body, str) else json.dumps(body)
    )
    return Created(name)


HANDLERS = {
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
}
