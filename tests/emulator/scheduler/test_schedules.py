"""Schedules of a deployment, fired by the local clock."""

from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.clock import Clock
from emulator.cloudformation.deployment import Resource
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.errors import UnsupportedScheduleError
from emulator.scheduler.schedules import Schedules, load_schedules
from tests.support.cloudwatch import of_region

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"


class Recorder:
    """A Step Functions client that takes note, or refuses."""

    def __init__(self) -> None:
        self.started: list[dict[str, Any]] = []
        self.refusing = False

    def start_execution(self, **arguments: Any) -> None:
        """Take note."""
        if self.refusing:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "StartExecution")
        self.started.append(arguments)


class Deployed:
    """A deployment of some schedules."""

    def __init__(self, *schedules: dict[str, Any]) -> None:
        self._resources = [
            Resource(f"Schedule{number}", "AWS::Scheduler::Schedule", f"s{number}", {}, schedule)
            for number, schedule in enumerate(schedules)
        ]

    def of_type(self, _type: str) -> list[Resource]:
        """The schedules."""
        return self._resources


def a_schedule(expression: str, **fields: Any) -> dict[str, Any]:
    """A schedule's properties."""
    target = {"Arn": MACHINE, "RoleArn": "r", "Input": '{"at": "<aws.scheduler.scheduled-time>"}'}
    return {"ScheduleExpression": expression, "Target": target, **fields}


def run(*schedules: dict[str, Any], now_s: float) -> tuple[Schedules, Recorder, Clock]:
    """Schedules that fire when they are told to look."""
    clock, recorder = Clock(lambda: now_s), Recorder()
    found = load_schedules(Deployed(*schedules))  # type: ignore[arg-type]
    return Schedules(found, lambda _: recorder, clock, RegionMetrics(clock)), recorder, clock


def test_a_schedule_fires_when_its_minute_begins_and_once() -> None:
    """Not before, not twice, and with the time it was planned for."""
    schedules, recorder, clock = run(a_schedule("cron(* * * * ? *)"), now_s=1_763_769_630.0)
    schedules.fire_due()
    assert recorder.started == []
    clock.advance(30.5)
    schedules.fire_due()
    schedules.fire_due()
    [started] = recorder.started
    assert started["stateMachineArn"] == MACHINE
    assert started["input"] == '{"at": "2025-11-22T00:01:00Z"}'


def test_a_clock_moved_forward_fires_each_schedule_once() -> None:
    """Hours ahead, the last due time of each is started, under a name of its own."""
    schedules, recorder, clock = run(
        a_schedule("cron(* * * * ? *)"), a_schedule("cron(15 * * * ? *)"), now_s=1_763_769_630.0
    )
    clock.advance(3 * 3600)
    schedules.fire_due()
    assert [started["input"][8:-2] for started in recorder.started] == [
        "2025-11-22T03:00:00Z",
        "2025-11-22T02:15:00Z",
    ]
    assert len({started["name"] for started in recorder.started}) == 2


def test_disabled_schedules_do_not_fire() -> None:
    """As on AWS."""
    schedules, recorder, clock = run(a_schedule("rate(1 minute)", State="DISABLED"), now_s=1_763_769_630.0)
    clock.advance(600)
    schedules.fire_due()
    assert recorder.started == []


@pytest.mark.parametrize(("refused_s", "started"), [(20, 1), (90, 0)])
def test_what_cannot_be_started_is_tried_again_for_as_long_as_its_policy_says(
    refused_s: int, started: int
) -> None:
    """Within its age it starts late; after that it is dropped; CloudWatch counts attempts, errors and drops."""
    policy = {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 185}
    schedule = a_schedule("cron(0 * * * ? *)", GroupName="hourly")
    schedule["Target"]["RetryPolicy"] = policy
    clock, recorder = Clock(lambda: 1_763_769_600.0 - 1), Recorder()
    metrics = RegionMetrics(clock)
    found = load_schedules(Deployed(schedule))  # type: ignore[arg-type]
    schedules = Schedules(found, lambda _: recorder, clock, metrics)
    recorder.refusing = True
    for second in range(120):
        recorder.refusing = second <= refused_s
        clock.advance(1)
        schedules.fire_due()
    of = partial(of_region, metrics, "AWS/Scheduler", dimensions={"ScheduleGroup": "hourly"})
    assert len(recorder.started) == started
    assert of("InvocationDroppedCount") == (None if started else 1)
    assert of("InvocationAttemptCount") == (of("TargetErrorCount") or 0) + started


@pytest.mark.parametrize(
    "fields",
    [
        {"ScheduleExpressionTimezone": "Europe/Berlin"},
        {"Target": {"Arn": "arn:aws:sqs:r:1:q"}},
        {"ScheduleExpression": "cron(0 9 ? * MON *)"},
        {"Target": {"Arn": MACHINE, "Input": "{"}},
    ],
)
def test_what_cannot_be_followed_is_refused(fields: dict[str, Any]) -> None:
    """A schedule that would behave otherwise than on AWS is named."""
    with pytest.raises(UnsupportedScheduleError, match="Schedule0"):
        load_schedules(Deployed(a_schedule("rate(1 minute)", **fields)))  # type: ignore[arg-type]


def test_the_thread_fires_and_ends() -> None:
    """Started, it looks by itself; closed, it is gone."""
    schedules, recorder, clock = run(a_schedule("cron(* * * * ? *)"), now_s=1_763_769_659.0)
    schedules.start()
    clock.advance(2)
    for _ in range(100):
        if recorder.started:
            break
        schedules._stopped.wait(0.02)
    schedules.close()
    assert len(recorder.started) == 1
    assert not schedules._thread.is_alive()
