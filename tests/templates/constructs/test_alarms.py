"""Alarms: what their tables become."""

from troposphere import Template

from templates.constructs.alarms import Alarm, add_alarms, failure_alarms
from tests.support.generated import Generated


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


def test_failures_are_told_with_their_consequence() -> None:
    """Whoever is woken reads which function it is and what follows."""
    for alarm in failure_alarms("the writer", "Batches wait."):
        assert "the writer" in alarm.why
        assert alarm.why.endswith("Batches wait.")
        assert (alarm.threshold, alarm.period_s, alarm.periods, alarm.datapoints) == (1, 60, 5, 3)


def test_every_function_has_both_alarms(regional: Generated) -> None:
    """No function fails or waits unseen."""
    watched = {
        (alarm["MetricName"], dimension["Value"]["Ref"])
        for alarm in regional.of("AWS::CloudWatch::Alarm").values()
        for dimension in alarm.get("Dimensions", [])
        if dimension["Name"] == "FunctionName"
    }
    for title in regional.of("AWS::Lambda::Function"):
        assert {("Errors", title), ("Throttles", title)} <= watched
