"""A Lambda function with its own role and log group, traced, on arm64."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from awacs import logs, xray
from awacs.aws import Statement
from troposphere import Equals, If, Parameter, Ref, Sub, Template
from troposphere.awslambda import Code, Environment, LoggingConfig, TracingConfig
from troposphere.awslambda import Function as LambdaFunction

from templates.config import Config
from templates.config.pipeline import Logs
from templates.constructs.logs import add_log_group
from templates.constructs.policy import add_role, allow
from templates.names import ARTIFACTS_BUCKET
from templates.parameters import CODE_BUCKET, CODE_KEY

RUNTIME = "python3.13"
ARCHITECTURE = "arm64"
OWN_BUCKET = "CodeIsInArtifactsBucket"


@dataclass(frozen=True)
class Bundle:
    """Where a region finds the code: two parameters, as every deployment uploads its own."""

    bucket: If
    key: Ref


def add_bundle_parameters(template: Template, config: Config) -> Bundle:
    """The parameters CodeBucket and CodeKey, described and grouped.

    Code must lie in the function's region, whose bucket has a name that follows from it. As the stacks of all regions
    are so made with the same parameters, CloudFormation makes them in one operation, which keeps to their order.
    """
    bucket = template.add_parameter(
        Parameter(
            CODE_BUCKET,
            Type="String",
            Default="",
            Description="Bucket of this region that holds the functions' code; empty for that of the artifacts stack",
            AllowedPattern="|[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
            ConstraintDescription="the name of an S3 bucket, or nothing",
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
    template.add_parameter_to_group(bucket, "Code of the functions")
    template.add_parameter_to_group(key, "Code of the functions")
    template.set_parameter_label(bucket, "Code bucket")
    template.set_parameter_label(key, "Code bundle")
    template.add_condition(OWN_BUCKET, Equals(Ref(bucket), ""))
    own = Sub(config.name(ARTIFACTS_BUCKET))
    return Bundle(bucket=If(OWN_BUCKET, own, Ref(bucket)), key=Ref(key))


@dataclass(frozen=True)
class Function:
    """A function that can be referred to."""

    resource: LambdaFunction

    @property
    def name(self) -> Ref:
        """Its name."""
        return Ref(self.resource)


def add_function(
    template: Template,
    component: str,
    *,
    handler: str,
    description: str,
    memory_mb: int,
    timeout_seconds: int,
    environment: Mapping[str, Any],
    statements: Sequence[Statement],
    bundle: Bundle,
    key_arn: object,
    logs_config: Logs,
    reserved_concurrency: int | None = None,
) -> Function:
    """A function that may do what its statements say, write its own log and send its traces; nothing else."""
    group = add_log_group(template, f"{component}Logs", logs_config, key_arn=key_arn)
    role = add_role(
        template,
        f"{component}Role",
        service="lambda.amazonaws.com",
        description=f"What {component} may do",
        statements=[
            *statements,
            # The ARN ends in `:*`, which covers the group's streams.
            allow([logs.CreateLogStream, logs.PutLogEvents], [group.get_att("Arn")], Sid="Log"),
            allow([xray.PutTraceSegments, xray.PutTelemetryRecords], ["*"], Sid="Trace"),
        ],
    )
    optional = {} if reserved_concurrency is None else {"ReservedConcurrentExecutions": reserved_concurrency}
    return Function(
        template.add_resource(
            LambdaFunction(
                f"{component}Function",
                Description=description,
                Handler=handler,
                Runtime=RUNTIME,
                Architectures=[ARCHITECTURE],
                Code=Code(S3Bucket=bundle.bucket, S3Key=bundle.key),
                Role=role.get_att("Arn"),
                MemorySize=memory_mb,
                Timeout=timeout_seconds,
                Environment=Environment(Variables=dict(environment)),
                LoggingConfig=LoggingConfig(LogGroup=Ref(group)),
                TracingConfig=TracingConfig(Mode="Active"),
                **optional,
            )
        )
    )
