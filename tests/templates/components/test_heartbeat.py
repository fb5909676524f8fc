"""The heartbeat: who sends it, where to, and what it takes."""

import json
from typing import Any

import pytest

from tests.support.generated import Generated, generated

WITH = [one for one in generated() if one.stack == "regional" and one.config.operators.heartbeat]
WITHOUT = [one for one in generated() if one.stack == "regional" and not one.config.operators.heartbeat]


@pytest.fixture(params=WITH, ids=lambda one: one.config.environment)
def stack(request: pytest.FixtureRequest) -> Generated:
    """Every regional stack with a heartbeat."""
    found: Generated = request.param
    return found


def test_where_it_is_off_nothing_of_it_is_there() -> None:
    """No path, no machine, no alarm."""
    assert WITHOUT
    for one in WITHOUT:
        assert not [title for title in one.resources if "Heartbeat" in title]


def test_it_is_posted_each_minute_with_a_signature(stack: Generated) -> None:
    """Whatever clients are known by: the API's path for it takes signatures alone."""
    [machine] = [
        one
        for title, one in stack.of("AWS::StepFunctions::StateMachine").items()
        if title == "HeartbeatStateMachine"
    ]
    task = json.loads(machine["DefinitionString"])["States"]["Post"]
    assert task["Resource"] == "arn:aws:states:::apigateway:invoke"
    assert (task["Parameters"]["Path"], task["Parameters"]["AuthType"]) == ("/heartbeat", "IAM_ROLE")
    method = stack.of("AWS::ApiGateway::Method")["HeartbeatPostMethod"]
    assert (method["AuthorizationType"], method["HttpMethod"]) == ("AWS_IAM", "POST")
    schedule = stack.of("AWS::Scheduler::Schedule")["HeartbeatSchedule"]
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("cron(* * * * ? *)", "ENABLED")


def test_its_role_may_post_heartbeats_and_nothing_else(stack: Generated) -> None:
    """Beside what every state machine's role needs for its log and its traces."""
    role = stack.of("AWS::IAM::Role")["HeartbeatRole"]
    [policy] = role["Policies"]
    statements = [
        one for one in policy["PolicyDocument"]["Statement"] if one["Sid"] not in {"DeliverLogs", "Trace"}
    ]
    [statement] = statements
    assert statement["Action"] == ["execute-api:Invoke"]
    [resource] = statement["Resource"]
    assert resource["Fn::Sub"][0].endswith(":${Api}/${Stage}/POST/heartbeat")


def test_the_first_one_is_sent_when_both_consumers_know_it(stack: Generated) -> None:
    """In an update those of the version before would set it aside as a bad record."""
    schedule: Any = stack.resources["HeartbeatSchedule"]
    assert {"MetricWriterMapping", "WindowAggregatorMapping"} <= set(schedule["DependsOn"])


def test_a_consumer_that_sees_no_young_one_raises_an_alarm(stack: Generated) -> None:
    """Also when there is no value at all."""
    for consumer in ("MetricWriter", "WindowAggregator"):
        alarm = stack.of("AWS::CloudWatch::Alarm")[f"{consumer}HeartbeatMissingAlarm"]
        assert alarm["TreatMissingData"] == "breaching"
        # Batches fill for five minutes at most, so each period has a value while all is well.
        assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (300, 1, 600)
        assert alarm["Statistic"] == "Minimum"
