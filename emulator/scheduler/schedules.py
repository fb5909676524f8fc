"""Fires the deployment's schedules by the local clock, as EventBridge Scheduler would."""

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from emulator.clock import Clock
from emulator.cloudformation.deployment import Deployment
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.errors import UnsupportedScheduleError
from emulator.scheduler.cron import Cron, parse_cron

_LOG = logging.getLogger(__name__)
_LOOK_EVERY_S = 0.25
_SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
_MINUTE = timedelta(minutes=1)
_LONGEST_PAUSE_S = 30.0
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
_LONGEST_S = 86_400
_RETRIES = 185


@dataclass(frozen=True, slots=True)
class Schedule:
    """A state machine to start, its input, and when; what cannot be started is tried again for `longest_s` seconds."""

    name: str
    group: str
    cron: Cron
    target: str
    role_arn: str
    payload: str
    longest_s: float
    retries: int


@dataclass(slots=True)
class _Invocation:
    schedule: Schedule
    planned: datetime
    number: int
    attempts: int = 0
    next_s: float = 0.0


class Schedules:
    """A thread that starts state machines when their time has come. Close it when done.

    `client` gives a client of Step Functions that calls as a role.
    """

    def __init__(
        self,
        schedules: Sequence[Schedule],
        client: Callable[[str], Any],
        clock: Clock,
        metrics: RegionMetrics,
    ) -> None:
        self._schedules = schedules
        self._client = client
        self._clock = clock
        self._metrics = metrics
        self._waiting: list[_Invocation] = []
        self._next = _next_minute(clock.utcnow())
        self._number = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)

    def start(self) -> Self:
        """Begin to fire what is due from now on."""
        if self._schedules:
            self._thread.start()
        return self

    def close(self) -> None:
        """Fire nothing any more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_EVERY_S):
            self.fire_due()

    def fire_due(self) -> None:
        """Start what came due since the last time, each schedule once: a clock that was moved forward by hours
        does not start hundreds of executions, and whatever is scheduled makes up for what it missed."""
        now = self._clock.utcnow()
        if now >= self._next:
            until = now.replace(second=0, microsecond=0)
            for schedule in self._schedules:
                due = schedule.cron.latest(self._next, until)
                if due is not None:
                    self._number += 1
                    self._waiting.append(_Invocation(schedule, due, self._number))
            self._next = until + _MINUTE
        self._waiting = [invocation for invocation in self._waiting if not self._is_over(invocation)]

    def _is_over(self, invocation: _Invocation) -> bool:
        """True once the target is started or given up; it is tried when its time has come."""
        now_s = self._clock.now()
        if now_s < invocation.next_s:
            return False
        schedule = invocation.schedule
        late = now_s - invocation.planned.timestamp() > schedule.longest_s
        if invocation.attempts and (late or invocation.attempts > schedule.retries):
            self._count(schedule, "InvocationDroppedCount")
            return True
        self._count(schedule, "InvocationAttemptCount")
        if self._start(invocation):
            return True
        self._count(schedule, "TargetErrorCount")
        invocation.next_s = now_s + min(_LONGEST_PAUSE_S, 2.0**invocation.attempts)
        invocation.attempts += 1
        return False

    def _start(self, invocation: _Invocation) -> bool:
        schedule, due = invocation.schedule, invocation.planned
        try:
            self._client(schedule.role_arn).start_execution(
                stateMachineArn=schedule.target,
                name=f"{schedule.name[:40]}-{int(due.timestamp())}-{invocation.number}",
                input=schedule.payload.replace(_SCHEDULED_TIME, due.strftime("%Y-%m-%dT%H:%M:%SZ")),
            )
        except (BotoCoreError, ClientError) as error:
            _LOG.warning("schedule %s could not start its target: %s", schedule.name, error)
            return False
        return True

    def _count(self, schedule: Schedule, metric: str) -> None:
        """Put one of CloudWatch's metrics on a schedule group.

        https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
        """
        self._metrics.put("AWS/Scheduler", metric, 1, {"ScheduleGroup": schedule.group})


def load_schedules(deployment: Deployment) -> list[Schedule]:
    """The enabled schedules of a deployment; UnsupportedScheduleError names one that cannot be followed."""
    return [
        _read(item.logical_id, item.properties)
        for item in deployment.of_type("AWS::Scheduler::Schedule")
        if item.properties.get("State", "ENABLED") == "ENABLED"
    ]


def _read(name: str, properties: Mapping[str, Any]) -> Schedule:
    target = properties["Target"]
    if target["Arn"].split(":")[2] != "states":
        raise UnsupportedScheduleError(f"{name}: {target['Arn']} is not started here")
    if properties.get("ScheduleExpressionTimezone", "UTC") != "UTC":
        raise UnsupportedScheduleError(f"{name}: schedules here are in UTC")
    payload = target.get("Input", "{}")
    try:
        json.loads(payload)
        cron = parse_cron(properties["ScheduleExpression"])
    except ValueError as error:
        raise UnsupportedScheduleError(f"{name}: {error}") from error
    policy = target.get("RetryPolicy", {})
    return Schedule(
        name,
        properties.get("GroupName", "default"),
        cron,
        target["Arn"],
        target["RoleArn"],
        payload,
        longest_s=float(policy.get("MaximumEventAgeInSeconds", _LONGEST_S)),
        retries=int(policy.get("MaximumRetryAttempts", _RETRIES)),
    )


def _next_minute(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
