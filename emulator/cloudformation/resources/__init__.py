"""One function for each resource type that the local run can create."""

from collections.abc import Callable, Mapping

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources import (
    apigateway,
    athena,
    awslambda,
    cloudwatch,
    dynamodb,
    ec2,
    glue,
    iam,
    kinesis,
    kms,
    logs,
    s3,
    scheduler,
    sns,
    stepfunctions,
    timestream,
)
from emulator.cloudformation.resources.context import Context, Created

Provisioner = Callable[[Context, Properties], Created]

PROVISIONERS: Mapping[str, Provisioner] = {
    name: provisioner
    for module in (
        apigateway,
        athena,
        awslambda,
        cloudwatch,
        dynamodb,
        ec2,
        glue,
        iam,
        kinesis,
        kms,
        logs,
        s3,
        scheduler,
        sns,
        stepfunctions,
        timestream,
    )
    for name, provisioner in module.PROVISIONERS.items()
}
