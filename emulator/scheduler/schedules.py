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
from emulator.errors import UnsupportedScheduleError
from emulator.scheduler.cron import Cron, parse_cron

_LOG = logging.getLogger(__name__)
_LOOK_EVERY_S = 0.25
_SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A state machine to start, its input, and when."""

    name: str
    cron: Cron
    target: str
    role_arn: str
    payload: str


class Schedules:
    """A thread that starts state machines when their time has come. Close it when done.

    `client` gives a client of Step Functions that calls as a role.
    """

    def __init__(self, schedules: Sequence[Schedule], client: Callable[[str], Any], clock: Clock) -> None:
        self._schedules = schedules
        self._client = client
        self._clock = clock
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
        if now < self._next:
            return
        until = now.replace(second=0, microsecond=0)
        for schedule in self._schedules:
            due = schedule.cron.latest(self._next, until)
            if due is not None:
                self._fire(schedule, due)
        self._next = until + _MINUTE

    def _fire(self, schedule: Schedule, due: datetime) -> None:
        planned = due.strftime("%Y-%m-%dT%H:%M:%SZ")
        self._number += 1
        try:
            self._client(schedule.role_arn).start_execution(
                stateMachineArn=schedule.target,
                name=f"{schedule.name[:40]}-{int(due.timestamp())}-{self._number}",
                input=schedule.payload.replace(_SCHEDULED_TIME, planned),
            )
        except (BotoCoreError, ClientError) as error:
            _LOG.warning("schedule %s could not start its target: %s", schedule.name, error)


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
    return Schedule(name, cron, target["Arn"], target["RoleArn"], payload)


def _next_minute(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
