"""A Lambda function with its own role and log group, traced, on arm64."""

from collections.abc import Mapping, Sequence
from typing import Any

from awacs import logs, xray
from awacs.aws import Statement
from troposphere import Ref, Template
from troposphere.awslambda import Environment, Function, LoggingConfig, TracingConfig

from templates.constructs.logs import add_log_group
from templates.constructs.network import add_endpoints
from templates.constructs.policy import add_role, allow
from templates.constructs.runtime import Runtime

RUNTIME = "python3.13"
ARCHITECTURE = "arm64"


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
    runtime: Runtime,
    reserved_concurrency: int | None = None,
    polled: bool = False,
) -> Function:
    """A function that may do what its statements say, write its own log and send its traces; nothing else.

    One that is `polled` for has no caller whose trace it could join, only those that Lambda begins.

    Where the runtime has a network, the function is in it, and what its statements allow to call has an endpoint.
    """
    group = add_log_group(template, f"{component}Logs", runtime.logs, key_arn=runtime.key_arn)
    grants = [
        *statements,
        # The ARN ends in `:*`, which covers the group's streams.
        allow([logs.CreateLogStream, logs.PutLogEvents], [group.get_att("Arn")], Sid="Log"),
    ]
    if runtime.tracing.mode == "active" or (runtime.tracing.mode == "sampled" and not polled):
        grants.append(allow([xray.PutTraceSegments, xray.PutTelemetryRecords], ["*"], Sid="Trace"))
    optional: dict[str, Any] = {}
    if reserved_concurrency is not None:
        optional["ReservedConcurrentExecutions"] = reserved_concurrency
    if runtime.network:
        add_endpoints(template, runtime.network, grants)
        grants += runtime.network.join()
        optional["VpcConfig"] = runtime.network.place
    role = add_role(
        template,
        f"{component}Role",
        service="lambda.amazonaws.com",
        description=f"What {component} may do",
        statements=grants,
    )
    return template.add_resource(
        Function(
            f"{component}Function",
            Description=description,
            Handler=handler,
            Runtime=RUNTIME,
            Architectures=[ARCHITECTURE],
            Code=runtime.code,
            Role=role.get_att("Arn"),
            MemorySize=memory_mb,
            Timeout=timeout_seconds,
            Environment=Environment(Variables=dict(environment)),
            LoggingConfig=LoggingConfig(LogGroup=Ref(group)),
            # Otherwise a function is traced where its caller is: https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
            TracingConfig=TracingConfig(Mode="Active" if runtime.tracing.mode == "active" else "PassThrough"),
            **optional,
        )
    )
