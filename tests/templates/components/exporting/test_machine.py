"""The export's part of the stack, against the code that relies on it."""

import json
from typing import Any

from handlers.adapters.timestream.export_source import CALL_S
from handlers.domain.exports.job import LEASE_S
from handlers.domain.exports.report import results_line
from handlers.domain.exports.steps import HourResult
from handlers.vocabulary import NAMESPACE, metric_dimensions
from tests.support.generated import Generated, build, generated

REGIONAL = [one for one in generated() if one.stack == "regional"]


def _machine(stack: Generated) -> dict[str, Any]:
    machine: dict[str, Any] = stack.resources["MetricExportStateMachine"]["Properties"]
    return machine


def test_the_machine_outlives_no_claim(regional: Generated) -> None:
    """All retries of a step end within the claim on its hour, so two executions never publish it at a time."""
    states = json.loads(_machine(regional)["DefinitionString"])["States"]
    hour = states["ExportHours"]["ItemProcessor"]["States"]
    timeout = regional.of("AWS::Lambda::Function")["MetricExportUnloaderFunction"]["Timeout"]
    for name, state in hour.items():
        for retrier in state.get("Retry", []):
            attempts = retrier["MaxAttempts"] + 1
            waits = retrier["MaxAttempts"] * retrier.get("MaxDelaySeconds", 0)
            assert attempts * timeout + waits < LEASE_S, name


def test_a_function_lives_longer_than_its_longest_call(regional: Generated) -> None:
    """Two queries of a minute each fit into an invocation."""
    timeout = regional.of("AWS::Lambda::Function")["MetricExportUnloaderFunction"]["Timeout"]
    assert timeout > 2 * CALL_S


def test_the_schedule_starts_each_hour_after_the_lag(regional: Generated) -> None:
    """With the scheduled time as its input, which is not the time of the start."""
    schedule = regional.of("AWS::Scheduler::Schedule")["MetricExportSchedule"]
    assert schedule["ScheduleExpression"] == f"cron({regional.config.export.lag_minutes % 60} * * * ? *)"
    assert json.loads(schedule["Target"]["Input"]) == {"scheduled_time": "<aws.scheduler.scheduled-time>"}
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["State"] == "ENABLED"


def test_exports_can_be_switched_off() -> None:
    """The schedule rests then; late hours are marked on, and an operator may export by hand."""
    from dataclasses import replace

    config = REGIONAL[0].config
    stack = build("regional", replace(config, export=replace(config.export, enabled=False)))
    assert stack.of("AWS::Scheduler::Schedule")["MetricExportSchedule"]["State"] == "DISABLED"
    assert (
        "EXPORT_HOURS_TABLE"
        in stack.of("AWS::Lambda::Function")["MetricWriterFunction"]["Environment"]["Variables"]
    )


def test_alarms_watch_metrics_that_the_planner_emits(regional: Generated) -> None:
    """Lag and failures, under the names and the dimensions that the log line has."""
    failed: HourResult = {"hour": "2026-11-22T02", "outcome": "failed"}
    dimensions = metric_dimensions("metrics", regional.config.environment)
    line = json.loads(results_line([failed], 9_000.0, dimensions, 0))
    emitted = {metric["Name"] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    alarms = [
        alarm
        for title, alarm in regional.of("AWS::CloudWatch::Alarm").items()
        if title.startswith("MetricExport") and alarm["Namespace"] == NAMESPACE
    ]
    assert {alarm["MetricName"] for alarm in alarms} == {"HoursFailed", "ExportLag"}
    for alarm in alarms:
        assert alarm["MetricName"] in emitted
        assert alarm["Dimensions"] == [
            {"Name": name, "Value": line[name]}
            for name in line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]
        ]


def test_an_export_that_does_not_start_raises_an_alarm(regional: Generated) -> None:
    """An hour without a start, for which no data stands; not where exports or warnings are off."""
    alarm = regional.of("AWS::CloudWatch::Alarm").get("MetricExportMissingAlarm")
    if not regional.config.export.enabled or regional.config.operators.alarms == "essential":
        assert alarm is None
        return
    assert alarm is not None
    assert alarm["MetricName"] == "ExecutionsStarted"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert (alarm["Period"] * alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (3600, "breaching")
