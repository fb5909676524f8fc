"""State machines on this machine: time, names and the end."""

import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from emulator.clock import Clock
from tests.support.aws_clients import Clients
from tests.support.cloudwatch import statistic

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def states(client: Clients) -> Any:
    """A client of Step Functions."""
    return client("stepfunctions")


def machine(states: Any, name: str, *steps: dict[str, Any]) -> str:
    """The ARN of a machine of these steps, one after the other."""
    members = {
        f"S{number}": {**step, **({"Next": f"S{number + 1}"} if number < len(steps) - 1 else {"End": True})}
        for number, step in enumerate(steps)
    }
    definition = json.dumps({"StartAt": "S0", "States": members})
    role = "arn:aws:iam::123456789012:role/any"
    return str(states.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"])


def ended(states: Any, execution: str, within: float = 20) -> dict[str, Any]:
    """An execution once it has ended."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        described: dict[str, Any] = states.describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.02)
    raise AssertionError("still running")


def ended_after(states: Any, execution: str, clock: Clock, step_s: float) -> dict[str, Any]:
    """An execution once the clock was moved until it has ended: what it waits for may begin only after a move."""
    deadline = time.monotonic() + 20
    while (described := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        clock.advance(step_s)
        time.sleep(0.02)
    return dict(described)


def test_executions_without_a_name_get_one(states: Any) -> None:
    """Two starts without a name are two executions, whatever their input."""
    arn = machine(states, "unnamed", {"Type": "Pass"})
    started = [
        states.start_execution(stateMachineArn=arn, input=text)["executionArn"] for text in ("{}", "{}", "[]")
    ]
    assert len(set(started)) == 3
    assert [ended(states, execution)["status"] for execution in started] == ["SUCCEEDED"] * 3


def test_a_wait_follows_the_local_clock(states: Any, clock: Clock) -> None:
    """An hour's wait is over when the clock is moved by an hour, and not before."""
    arn = machine(states, "waiting", {"Type": "Wait", "Seconds": 3600})
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    time.sleep(0.5)
    assert states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    described = ended_after(states, execution, clock, 3600)
    assert described["status"] == "SUCCEEDED"
    assert (described["stopDate"] - described["startDate"]).total_seconds() >= 3600


def test_a_wait_for_a_time_ends_at_that_time(states: Any, clock: Clock) -> None:
    """A timestamp is UTC, and the machine goes on at it: not earlier, and hardly later."""
    arn = machine(states, "until", {"Type": "Wait", "TimestampPath": "$.until"})
    until = clock.utcnow().replace(microsecond=0).timestamp() + 2
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until))
    execution = states.start_execution(stateMachineArn=arn, input=json.dumps({"until": text}))["executionArn"]
    described = ended(states, execution)
    assert described["status"] == "SUCCEEDED"
    assert until <= described["stopDate"].timestamp() < until + 20


def test_a_bad_time_fails_the_execution(states: Any) -> None:
    """A timestamp that is none fails as a runtime error of the state."""
    arn = machine(states, "never", {"Type": "Wait", "TimestampPath": "$.until"})
    execution = states.start_execution(stateMachineArn=arn, input='{"until": "soon"}')["executionArn"]
    assert ended(states, execution)["status"] == "FAILED"


def test_a_retry_waits_by_the_local_clock(states: Any, clock: Clock) -> None:
    """The interval of a retry passes when the clock is moved."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:getItem",
        "Parameters": {"TableName": "nobody", "Key": {"pk": {"S": "x"}}},
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1000, "MaxAttempts": 1}],
    }
    arn = machine(states, "retrying", task)
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    time.sleep(0.5)
    assert states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    assert ended_after(states, execution, clock, 1000)["status"] == "FAILED"


def test_cloudwatch_counts_executions_by_how_they_end(states: Any, client: Clients) -> None:
    """Those that were started, that succeeded, failed, timed out or were stopped; and how long they took."""
    waiting: dict[str, Any] = {"Type": "Wait", "Seconds": 3600}
    ends: dict[str, dict[str, Any]] = {
        "ExecutionsSucceeded": {"Type": "Pass"},
        "ExecutionsFailed": {"Type": "Fail"},
        "ExecutionsAborted": waiting,
    }
    cloudwatch = client("cloudwatch")
    for metric, step in ends.items():
        arn = machine(states, metric, step)
        execution = states.start_execution(stateMachineArn=arn)["executionArn"]
        if step is waiting:
            states.stop_execution(executionArn=execution)
        ended(states, execution)
        of = partial(statistic, cloudwatch, "AWS/States", dimensions={"StateMachineArn": arn})
        until = time.monotonic() + 10
        while of(metric) is None and time.monotonic() < until:
            time.sleep(0.02)
        assert {name: of(name) for name in ("ExecutionsStarted", *ends)} == {
            "ExecutionsStarted": 1,
            **dict.fromkeys(ends),
            metric: 1,
        }
        assert of("ExecutionTime") is not None


def test_a_definition_is_parsed_once_and_each_execution_has_its_own_attempts(
    states: Any, clock: Clock
) -> None:
    """Parsing takes longer than running; what an execution counts is its own, whatever it shares."""
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    parameters = {"QueueUrl": "http://127.0.0.1/123456789012/none", "MessageBody": "a"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": parameters}
    arn = machine(states, "failing", {**task, "Retry": retry})
    parse = sys.modules["moto.stepfunctions.parser.asl.parse.asl_parser"].AmazonStateLanguageParser.parse
    parsed = parse.cache_info().misses
    for _ in range(2):
        execution = states.start_execution(stateMachineArn=arn)["executionArn"]
        assert ended_after(states, execution, clock, 1)["status"] == "FAILED"
        events = states.get_execution_history(executionArn=execution)["events"]
        assert sum(event["type"] == "TaskFailed" for event in events) == 3
    assert parse.cache_info().misses == parsed


def test_the_interpreter_brings_no_service_that_is_not_used_here() -> None:
    """It names a word of Batch, which would bring EC2 and half a second; and Batch can be had whole afterwards."""
    code = (
        "import sys; from emulator.moto import state_machines; state_machines.load(); "
        "print({'moto.batch', 'moto.ec2'} & set(sys.modules)); import moto.batch; print(len(moto.batch.batch_backends))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n0\n"
