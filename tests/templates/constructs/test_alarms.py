"""Alarms: what their tables become."""

from dataclasses import replace

from troposphere import Template

from templates.config import load
from templates.constructs.alarms import Alarm, add_alarms, errors_alarm, throttles_alarm
from tests.support.generated import build


def test_percentiles_are_extended_statistics() -> None:
    """CloudWatch takes p99 and Sum in different properties."""
    template = Template()
    alarms = [Alarm("Slow", "Duration", "p99", 1, "slow"), Alarm("Errors", "Errors", "Sum", 1, "wrong")]
    add_alarms(template, "Thing", alarms, namespace="AWS/Lambda", dimensions={}, notify=["topic"])
    slow = template.resources["ThingSlowAlarm"].to_dict()["Properties"]
    errors = template.resources["ThingErrorsAlarm"].to_dict()["Properties"]
    assert (slow["ExtendedStatistic"], "Statistic" in slow) == ("p99", False)
    assert (errors["Statistic"], "ExtendedStatistic" in errors) == ("Sum", False)
    assert (errors["AlarmActions"], errors["OKActions"]) == (["topic"], ["topic"])


def test_essential_alarms_are_those_of_harm() -> None:
    """Without the warnings, each consumer, the API and the exports still have an alarm that goes off."""
    config = load("dev")
    essential = replace(config, operators=replace(config.operators, alarms="essential"))
    every, some = (set(build("regional", one).of("AWS::CloudWatch::Alarm")) for one in (config, essential))
    assert some < every
    left_out = ("Errors", "Expiring", "Throttles", "Slow", "Refused")
    assert {
        title for title in every - some if title.endswith(tuple(f"{name}Alarm" for name in left_out))
    } == {
        "IngestApiRefusedAlarm",
        "IngestApiSlowAlarm",
        "MetricWriterErrorsAlarm",
        "MetricWriterExpiringAlarm",
        "MetricWriterSlowAlarm",
        "MetricWriterThrottlesAlarm",
        "WindowAggregatorThrottlesAlarm",
    }
    assert {
        "AlertEvaluationFailedAlarm",
        "IngestApiUnavailableAlarm",
        "MetricExportHoursFailedAlarm",
        "MetricExportLagAlarm",
        "MetricWriterDroppedAlarm",
        "MetricWriterGaveUpAlarm",
        "MetricWriterLateAlarm",
        "MetricWriterQuarantinedAlarm",
        "WindowAggregatorLateAlarm",
    } <= some


def test_a_share_of_too_few_values_is_none() -> None:
    """The formula takes the statistic where there are enough values of the same metric, and else nothing of it."""
    template = Template()
    alarm = Alarm("Refused", "4XXError", "Average", 0.2, "refused", period_s=300, at_least=10)
    add_alarms(template, "Api", [alarm], namespace="AWS/ApiGateway", dimensions={"A": "b"}, notify=["topic"])
    found = template.resources["ApiRefusedAlarm"].to_dict()["Properties"]
    formula, *statistics = found["Metrics"]
    assert (formula["Expression"], formula["ReturnData"]) == ("IF(number >= 10, watched, 0)", True)
    metric = {
        "Namespace": "AWS/ApiGateway",
        "MetricName": "4XXError",
        "Dimensions": [{"Name": "A", "Value": "b"}],
    }
    assert [(one["Id"], one["MetricStat"]["Stat"], one["ReturnData"]) for one in statistics] == [
        ("watched", "Average", False),
        ("number", "SampleCount", False),
    ]
    assert all(
        one["MetricStat"] == {"Metric": metric, "Period": 300, "Stat": one["MetricStat"]["Stat"]}
        for one in statistics
    )
    assert not {"Period", "Statistic", "MetricName"} & found.keys()


def test_an_alarm_on_a_share_of_refused_requests_takes_more_than_one() -> None:
    """A client's error is not ours: one stray request in a quiet quarter of an hour wakes nobody."""
    refused = build("regional", load("prod")).of("AWS::CloudWatch::Alarm")["IngestApiRefusedAlarm"]
    assert refused["Metrics"][0]["Expression"] == "IF(number >= 10, watched, 0)"


def test_failures_are_told_with_their_consequence() -> None:
    """Whoever is woken reads which function it is and what follows."""
    for make, metric in ((errors_alarm, "Errors"), (throttles_alarm, "Throttles")):
        alarm = make("the writer", "Batches wait.")
        assert "the writer" in alarm.why
        assert alarm.why.endswith("Batches wait.")
        assert (alarm.metric, alarm.threshold) == (metric, 1)
        assert (alarm.period_s, alarm.periods, alarm.datapoints) == (60, 5, 3)
