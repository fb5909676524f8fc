"""A state machine from its plain definition, with its own role and log group, traced."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from awacs import logs, states, xray
from awacs.aws import Statement
from troposphere import Ref, Sub, Template
from troposphere.stepfunctions import (
    CloudWatchLogsLogGroup,
    LogDestination,
    LoggingConfiguration,
    TracingConfiguration,
)
from troposphere.stepfunctions import StateMachine as StepFunctionsStateMachine

from templates.constructs.logs import add_log_group
from templates.constructs.policy import add_role, allow
from templates.constructs.runtime import Runtime

DEFINITIONS = Path(__file__).parents[2] / "statemachines"

# Step Functions hands its logs to CloudWatch's log delivery, whose actions know no resource.
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
_DELIVER_LOGS = (
    logs.CreateLogDelivery,
    logs.CreateLogStream,
    logs.DeleteLogDelivery,
    logs.DescribeLogGroups,
    logs.DescribeResourcePolicies,
    logs.GetLogDelivery,
    logs.ListLogDeliveries,
    logs.PutLogEvents,
    logs.PutResourcePolicy,
    logs.UpdateLogDelivery,
)
_TRACE = (
    xray.GetSamplingRules,
    xray.GetSamplingTargets,
    xray.PutTelemetryRecords,
    xray.PutTraceSegments,
)


@dataclass(frozen=True)
class StateMachine:
    """A state machine that can be referred to."""

    resource: StepFunctionsStateMachine

    @property
    def arn(self) -> Ref:
        """The machine's ARN."""
        return Ref(self.resource)

    def start(self) -> list[Statement]:
        """The grant to start executions."""
        return [allow([states.StartExecution], [self.arn], Sid="StartExecution")]


def add_state_machine(
    template: Template,
    component: str,
    *,
    definition: str,
    kind: str,
    tokens: Mapping[str, Any],
    statements: Sequence[Statement],
    runtime: Runtime,
) -> StateMachine:
    """The machine of a file in `statemachines/`, EXPRESS or STANDARD, with a value for each of its `${Tokens}`."""
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
    return StateMachine(
        template.add_resource(
            StepFunctionsStateMachine(
                f"{component}StateMachine",
                StateMachineType=kind,
                DefinitionString=json.dumps(
                    json.loads((DEFINITIONS / definition).read_text(encoding="utf-8")), separators=(",", ":")
                ),
                DefinitionSubstitutions={"Partition": Ref("AWS::Partition"), **tokens},
                RoleArn=role.get_att("Arn"),
                LoggingConfiguration=LoggingConfiguration(
                    Level="ERROR",
                    IncludeExecutionData=True,
                    Destinations=[
                        LogDestination(
                            CloudWatchLogsLogGroup=CloudWatchLogsLogGroup(LogGroupArn=group.get_att("Arn"))
                        )
                    ],
                ),
                TracingConfiguration=TracingConfiguration(Enabled=traced),
            )
        )
    )
