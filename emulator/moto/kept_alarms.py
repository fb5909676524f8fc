"""The alarms that moto's CloudWatch keeps, as what they watch and whom they tell."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from emulator.cloudwatch import queries
from emulator.cloudwatch.alarms import AlarmRule
from emulator.moto import ACCOUNT_ID

_CREATED = "Unchecked: Initial alarm creation"


class KeptAlarm:
    """An alarm that moto keeps."""

    def __init__(self, region: str, alarm: Any) -> None:
        self._region, self._alarm = region, alarm
        self.name: str = alarm.name

    @cached_property
    def rule(self) -> AlarmRule:
        """The metric that it watches; ValueError for what is not evaluated here."""
        return _rule(self._alarm)

    @property
    def state(self) -> str:
        """OK, ALARM or INSUFFICIENT_DATA."""
        return str(self._alarm.state_value)

    @property
    def is_new(self) -> bool:
        """True until its state was set once."""
        return bool(self._alarm.state_reason == _CREATED)

    def set_state(self, state: str, reason: str, data: str) -> None:
        """Keep a new state with its reason."""
        self._alarm.update_state(reason, data, state)

    def actions(self, state: str) -> Sequence[str]:
        """The ARNs of what is told of this state."""
        alarm = self._alarm
        told = {"ALARM": alarm.alarm_actions, "OK": alarm.ok_actions}
        return tuple(told.get(state, alarm.insufficient_data_actions) or ()) if alarm.actions_enabled else ()

    def message(self, before: str) -> str:
        """CloudWatch's message to a topic on the change from the state before.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
        """
        alarm = self._alarm
        return json.dumps(
            {
                "AlarmName": alarm.name,
                "AlarmDescription": alarm.description,
                "AWSAccountId": ACCOUNT_ID,
                "NewStateValue": alarm.state_value,
                "NewStateReason": alarm.state_reason,
                "StateChangeTime": f"{alarm.state_updated_timestamp:%Y-%m-%dT%H:%M:%S.000+0000}",
                "Region": self._region,
                "AlarmArn": alarm.alarm_arn,
                "OldStateValue": before,
                "Trigger": {
                    "Period": self.rule.period_min * 60,
                    "EvaluationPeriods": self.rule.of,
                    "DatapointsToAlarm": self.rule.to_alarm,
                    "ComparisonOperator": self.rule.comparison,
                    "Threshold": self.rule.threshold,
                    "TreatMissingData": self.rule.missing,
                    "MetricName": alarm.metric_name,
                    "Namespace": alarm.namespace,
                },
            }
        )


def alarms(region: str) -> list[KeptAlarm]:
    """The alarms of a region."""
    kept: Mapping[str, Any] = cloudwatch_backends[ACCOUNT_ID][region].alarms
    return [KeptAlarm(region, alarm) for alarm in list(kept.values())]


def _rule(alarm: Any) -> AlarmRule:
    found = [_query(query) for query in alarm.metric_data_queries] or [
        {
            "Id": "m1",
            "ReturnData": True,
            "MetricStat": {
                "Metric": {
                    "Namespace": alarm.namespace,
                    "MetricName": alarm.metric_name,
                    "Dimensions": [{"Name": one.name, "Value": one.value} for one in alarm.dimensions],
                },
                "Stat": alarm.statistic or alarm.extended_statistic,
                "Period": alarm.period,
                "Unit": alarm.unit,
            },
        }
    ]
    returned = [query for query in found if query["ReturnData"] in {None, True, "true"}]
    if len(returned) != 1 or alarm.threshold_metric_id or alarm.threshold is None:
        raise ValueError("an alarm judges one query against a fixed threshold here")
    timed = [query for query in found if query.get("MetricStat") or query.get("Period")]
    if not timed:
        raise ValueError("no query of the alarm says how long its periods are")
    return AlarmRule(
        queries=found,
        judged=returned[0]["Id"],
        period_min=queries.period_minutes(timed[0]),
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        of=int(alarm.evaluation_periods),
        to_alarm=int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
        missing=alarm.treat_missing_data or "missing",
    )


def _query(query: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"Id": query.id, "ReturnData": query.return_data, "Expression": query.expression}
    if query.metric_stat is not None:
        told = query.metric_stat
        found["MetricStat"] = {
            "Metric": {
                "Namespace": told.metric.namespace,
                "MetricName": told.metric.metric_name,
                "Dimensions": [{"Name": one.name, "Value": one.value} for one in told.metric.dimensions],
            },
            "Stat": told.stat,
            "Period": told.period,
            "Unit": told.unit,
        }
    return {**found, "Period": query.period}
