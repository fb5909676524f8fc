"""A state machine from its plain definition, with its own role and log group, traced; and a schedule that starts it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from awacs import states
from awacs.aws import Statement
from troposphere import Ref, Sub, Template, stepfunctions
from troposphere.scheduler import FlexibleTimeWindow, RetryPolicy, Schedule, ScheduleGroup, Target

from templates.constructs.alarms import Alarm
from templates.constructs.logs import add_log_group
from templates.constructs.policy import actions, add_role, allow
from templates.constructs.runtime import Runtime

# Scheduler replaces it with the time that a start was planned for, however late it comes.
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"

DEFINITIONS = Path(__file__).parents[2] / "statemachines"

# Step Functions hands its logs to CloudWatch's log delivery, whose actions know no resource.
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
_DELIVER_LOGS = actions(
    "logs",
    "CreateLogDelivery CreateLogStream DeleteLogDelivery DescribeLogGroups DescribeResourcePolicies "
    "GetLogDelivery ListLogDeliveries PutLogEvents PutResourcePolicy UpdateLogDelivery",
)
_TRACE = actions("xray", "GetSamplingRules GetSamplingTargets PutTelemetryRecords PutTraceSegments")


def start_executions(machine: stepfunctions.StateMachine) -> Statement:
    """The grant to start executions of a machine."""
    return allow([states.StartExecution], [Ref(machine)], Sid="StartExecution")


def add_state_machine(
    template: Template,
    component: str,
    *,
    definition: str,
    kind: str,
    tokens: Mapping[str, Any],
    statements: Sequence[Statement],
    alarms: Sequence[Alarm],
    runtime: Runtime,
) -> stepfunctions.StateMachine:
    """The machine of a file in `statemachines/`, EXPRESS or STANDARD, with a value for each of its `${Tokens}`.

    The alarms are on Step Functions' own metrics of its executions.
    """
    # Under this prefix the log's resource policy does not grow with each state machine, to where it no longer fits.
    group = add_log_group(
        template,
        f"{component}Logs",
        runtime.logs,
        key_arn=runtime.key_arn,
        name=Sub(f"/aws/vendedlogs/states/${{AWS::StackName}}-{component}"),
    )
    traced = runtime.tracing.mode != "off"
    role = add_role(
        template,
        f"{component}Role",
        service="states.amazonaws.com",
        description=f"What {component} may do",
        statements=[
            *statements,
            allow(_DELIVER_LOGS, ["*"], Sid="DeliverLogs"),
            *([allow(_TRACE, ["*"], Sid="Trace")] if traced else []),
        ],
    )
    machine = template.add_resource(
        stepfunctions.StateMachine(
            f"{component}StateMachine",
            StateMachineType=kind,
            DefinitionString=json.dumps(
                json.loads((DEFINITIONS / definition).read_text(encoding="utf-8")), separators=(",", ":")
            ),
            DefinitionSubstitutions={"Partition": Ref("AWS::Partition"), **tokens},
            RoleArn=role.get_att("Arn"),
            LoggingConfiguration=stepfunctions.LoggingConfiguration(
                Level="ERROR",
                IncludeExecutionData=True,
                Destinations=[
                    stepfunctions.LogDestination(
                        CloudWatchLogsLogGroup=stepfunctions.CloudWatchLogsLogGroup(
                            LogGroupArn=group.get_att("Arn")
                        )
                    )
                ],
            ),
            TracingConfiguration=stepfunctions.TracingConfiguration(Enabled=traced),
        )
    )
    runtime.watch(template, component, alarms, "AWS/States", StateMachineArn=Ref(machine))
    return machine


def add_schedule(
    template: Template,
    component: str,
    *,
    expression: str,
    target: stepfunctions.StateMachine,
    payload: Mapping[str, object],
    maximum_age_seconds: int,
    not_started: Alarm | None = None,
    runtime: Runtime,
    enabled: bool = True,
    after: Sequence[str] = (),
) -> None:
    """Start `target` at these times (UTC); a start that does not succeed within the age is dropped, and counted.

    The schedule has a group of its own, as Scheduler's metrics, and so the alarm on them, know groups only. It is made
    when the resources with the logical ids `after` are.
    """
    role = add_role(
        template,
        f"{component}ScheduleRole",
        service="scheduler.amazonaws.com",
        description=f"What the schedule of {component} may do",
        statements=[start_executions(target)],
    )
    group = template.add_resource(ScheduleGroup(f"{component}ScheduleGroup"))
    template.add_resource(
        Schedule(
            f"{component}Schedule",
            **({"DependsOn": sorted(after)} if after else {}),
            GroupName=group.ref(),
            State="ENABLED" if enabled else "DISABLED",
            ScheduleExpression=expression,
            ScheduleExpressionTimezone="UTC",
            FlexibleTimeWindow=FlexibleTimeWindow(Mode="OFF"),
            Target=Target(
                Arn=Ref(target),
                RoleArn=role.get_att("Arn"),
                Input=json.dumps(payload),
                RetryPolicy=RetryPolicy(
                    MaximumEventAgeInSeconds=maximum_age_seconds, MaximumRetryAttempts=185
                ),
            ),
        )
    )
    if not_started is not None:
        runtime.watch(template, component, [not_started], "AWS/Scheduler", ScheduleGroup=Ref(group))
