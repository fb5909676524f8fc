"""The runtime of a stack's functions: their code, by two parameters of the stack, their logs, alarms and network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from troposphere import Equals, If, Parameter, Ref, Sub, Template
from troposphere.awslambda import Code

from templates.config import Config
from templates.config.pipeline import Logs, Tracing
from templates.constructs.alarms import Alarm, add_alarms
from templates.constructs.network import Network
from templates.names import ARTIFACTS_BUCKET
from templates.parameters import CODE_BUCKET, CODE_KEY, OWN_BUCKET

IN_ARTIFACTS_BUCKET = "CodeIsInArtifactsBucket"


@dataclass(frozen=True)
class Runtime:
    """The surroundings of every function of a stack; `network` is None where functions may reach the internet."""

    code: Code
    key_arn: object
    logs: Logs
    tracing: Tracing
    alarm_actions: Sequence[Any]
    network: Network | None = None
    warnings: bool = True

    def watch(
        self, template: Template, component: str, alarms: Sequence[Alarm], namespace: str, **dimensions: Any
    ) -> None:
        """Adds alarms of a component on metrics of one namespace with these dimensions, warnings if they are wanted."""
        add_alarms(
            template,
            component,
            [alarm for alarm in alarms if self.warnings or not alarm.warning],
            namespace=namespace,
            dimensions=dimensions,
            notify=self.alarm_actions,
        )


def add_bundle_parameters(template: Template, config: Config) -> Code:
    """The place of the code in a region, by the parameters CodeBucket and CodeKey: every deployment uploads its own.

    Code must lie in the function's region, whose bucket has a name that follows from it. As the stacks of all regions
    are so made with the same parameters, CloudFormation makes them in one operation, which keeps to their order.
    """
    bucket = template.add_parameter(
        Parameter(
            CODE_BUCKET,
            Type="String",
            Default=OWN_BUCKET,
            Description=f"Bucket of this region with the functions' code; {OWN_BUCKET} for that of the artifacts stack",
            AllowedPattern=f"{OWN_BUCKET}|[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]",
            ConstraintDescription=f"the name of an S3 bucket, or {OWN_BUCKET}",
        )
    )
    key = template.add_parameter(
        Parameter(
            CODE_KEY,
            Type="String",
            Description="Key of the code bundle in that bucket; it carries the hash of the content",
            AllowedPattern="[A-Za-z0-9!_.*'()/-]{1,1024}",
            ConstraintDescription="the key of an S3 object",
        )
    )
    for parameter, label in ((bucket, "Code bucket"), (key, "Code bundle")):
        template.add_parameter_to_group(parameter, "Code of the functions")
        template.set_parameter_label(parameter, label)
    template.add_condition(IN_ARTIFACTS_BUCKET, Equals(Ref(bucket), OWN_BUCKET))
    own = Sub(config.name(ARTIFACTS_BUCKET))
    return Code(S3Bucket=If(IN_ARTIFACTS_BUCKET, own, Ref(bucket)), S3Key=Ref(key))
