"""The alert evaluation: what starts it, and what it is told."""

import json

from tests.support.generated import Generated


def test_a_sweep_starts_at_each_full_minute(regional: Generated) -> None:
    """Missing data has no batch that would start an evaluation; a start that is late is the next one's."""
    schedule = regional.of("AWS::Scheduler::Schedule")["AlertEvaluationSchedule"]
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("cron(* * * * ? *)", "ENABLED")
    target = schedule["Target"]
    assert target["Arn"] == {"Ref": "AlertEvaluationStateMachine"}
    assert json.loads(target["Input"]) == {"source": "sweep"}
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 60


def test_both_functions_of_the_alerts_have_the_same_rhythm(regional: Generated) -> None:
    """One that thinks a tick is over earlier than the other would judge what is not there yet."""
    functions = regional.of("AWS::Lambda::Function")
    aggregator, evaluator = (
        functions[f"{name}Function"]["Environment"]["Variables"]
        for name in ("WindowAggregator", "AlertEvaluator")
    )
    for name in ("TICK_SECONDS", "GRACE_SECONDS", "MAXIMUM_GROUPS"):
        assert aggregator[name] == evaluator[name] == str(getattr(regional.config.alerts, name.lower()))
