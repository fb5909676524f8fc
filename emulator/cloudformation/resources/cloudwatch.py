"""Alarms and dashboards."""

import json

from moto.cloudwatch.models import cloudwatch_backends

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created

_ALARM = (
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Tags",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
)


def _alarm(context: Context, properties: Properties) -> Created:
    name = properties.text("AlarmName", context.name(properties.logical_id))
    context.client("cloudwatch").put_metric_alarm(AlarmName=name, **properties.subset(*_ALARM))
    return Created(name, {"Arn": context.arn("cloudwatch", f"alarm:{name}")})


def _composite_alarm(context: Context, properties: Properties) -> Created:
    """Create the alarm in moto's state: it describes composite alarms, and has no call that makes one."""
    name = properties.text("AlarmName", context.name(properties.logical_id))
    cloudwatch_backends[context.account_id][context.region].put_metric_alarm(
        name=name,
        namespace="",
        metric_name="",
        comparison_operator="",
        evaluation_periods=0,
        period=0,
        threshold=0.0,
        statistic="",
        description=properties.text("AlarmDescription", ""),
        dimensions=[],
        alarm_actions=properties.get("AlarmActions", []),
        ok_actions=properties.get("OKActions", []),
        insufficient_data_actions=properties.get("InsufficientDataActions", []),
        actions_enabled=properties.boolean("ActionsEnabled", default=True),
        rule=properties.text("AlarmRule"),
        tags=properties.get("Tags", []),
    )
    return Created(name, {"Arn": context.arn("cloudwatch", f"alarm:{name}")})


def _dashboard(context: Context, properties: Properties) -> Created:
    name = properties.text("DashboardName", context.name(properties.logical_id))
    body = properties.require("DashboardBody")
    context.client("cloudwatch").put_dashboard(
        DashboardName=name, DashboardBody=body if isinstance(body, str) else json.dumps(body)
    )
    return Created(name)


PROVISIONERS = {
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _composite_alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
}
