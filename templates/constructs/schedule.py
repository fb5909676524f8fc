"""A schedule that starts a state machine, with the role that lets it."""

import json
from collections.abc import Mapping

from troposphere import Template
from troposphere.scheduler import FlexibleTimeWindow, RetryPolicy, Schedule, ScheduleGroup, Target

from templates.constructs.policy import add_role
from templates.constructs.state_machine import StateMachine

# Scheduler replaces it with the time that a start was planned for, however late it comes.
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"


def add_schedule(
    template: Template,
    component: str,
    *,
    expression: str,
    target: StateMachine,
    payload: Mapping[str, object],
    maximum_age_seconds: int,
    enabled: bool = True,
) -> ScheduleGroup:
    """Start `target` at these times (UTC); a start that does not succeed within the age is dropped, and counted.

    The schedule has a group of its own, as Scheduler's metrics know groups only.
    """
    role = add_role(
        template,
        f"{component}ScheduleRole",
        service="scheduler.amazonaws.com",
        description=f"What the schedule of {component} may do",
        statements=target.start(),
    )
    group = template.add_resource(ScheduleGroup(f"{component}ScheduleGroup"))
    template.add_resource(
        Schedule(
            f"{component}Schedule",
            GroupName=group.ref(),
            State="ENABLED" if enabled else "DISABLED",
            ScheduleExpression=expression,
            ScheduleExpressionTimezone="UTC",
            FlexibleTimeWindow=FlexibleTimeWindow(Mode="OFF"),
            Target=Target(
                Arn=target.arn,
                RoleArn=role.get_att("Arn"),
                Input=json.dumps(payload),
                RetryPolicy=RetryPolicy(
                    MaximumEventAgeInSeconds=maximum_age_seconds, MaximumRetryAttempts=185
                ),
            ),
        )
    )
    return group
