"""One function for each resource type that the local run can create."""

from collections.abc import Callable, Mapping

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources import (
    apigateway,
    athena,
    cloudwatch,
    dynamodb,
    ec2,
    glue,
    iam,
    kinesis,
    kms,
    lambda_,
    logs,
    s3,
    scheduler,
    sns,
    stepfunctions,
    timestream,
    xray,
)
from emulator.cloudformation.resources.context import Context, Created

ResourceHandler = Callable[[Context, Properties], Created]

_MODULES = (
    apigateway, athena, cloudwatch, dynamodb, ec2, glue, iam, kinesis, kms, lambda_, logs, s3, scheduler, sns,
    stepfunctions, timestream, xray,
)  # fmt: skip
HANDLERS: Mapping[str, ResourceHandler] = {
    name: handler for module in _MODULES for name, handler in module.HANDLERS.items()
}
