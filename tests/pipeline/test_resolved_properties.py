"""Every generated template with its values filled in, held against CloudFormation's own schemas.

The linter sees templates before that: a name that is put together is no name to it yet.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulator import Cloud, start
from emulator.cloudformation.deploy import deploy
from emulator.cloudformation.deployment import Deployment
from emulator.cloudformation.resources.context import Context
from emulator.starting import StackTemplate
from templates.config import Config, load
from tests.support.generated import NAMES, build, other
from tests.support.resource_schemas import refusals

REGION = "us-east-1"
CONFIGS = {**{name: load(name) for name in NAMES}, "other": other()}
# Whatever a name of ours is made of, as long as a file may have it.
CONFIGS["longest"] = replace(load("prod"), project="a2345678901b", environment="prod5678")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local AWS with nothing in it."""
    data: Path = tmp_path_factory.mktemp("data")
    started = start([REGION], [StackTemplate("none", {"Resources": {}})], data_dir=data)
    yield started
    started.close()


def made(cloud: Cloud, config: Config, stack: str) -> Deployment:
    """One stack of an environment in its first region, by the name that the fleet gives it."""
    set_name = f"StackSet-{config.stack_name}-{stack}-11111111-2222-3333-4444-555555555555"
    body = build(stack, config).body
    context = Context(region=config.regions[0], stack_name=set_name, endpoint_url=cloud.endpoint_url)
    try:
        given = {"CodeKey": "functions-0123.zip"} if stack == "regional" else {}
        return deploy(body, context=context, parameters=given)
    finally:
        context.close()


@pytest.mark.parametrize("name", CONFIGS)
def test_cloudformation_takes_every_resource(cloud: Cloud, name: str) -> None:
    """Names, lengths, choices, required and unknown properties, as each resource really gets them."""
    config = CONFIGS[name]
    for stack in ("artifacts", "regional"):
        for resource in made(cloud, config, stack).resources.values():
            found = refusals(config.regions[0], resource.type, resource.properties)
            assert not found, (name, resource.logical_id, found)


@pytest.mark.parametrize(
    ("kind", "properties", "refusal"),
    [
        ("AWS::S3::Bucket", {"BucketName": "Upper"}, "does not match"),
        ("AWS::S3::Bucket", {"BucketName": "a" * 64}, "too long"),
        ("AWS::S3::Bucket", {"Colour": "red"}, "Additional properties"),
        ("AWS::Timestream::Table", {"TableName": "metrics"}, "required"),
        ("AWS::Timestream::Database", {"DatabaseName": "ab"}, "does not match"),
        ("AWS::Lambda::Function", {"Code": {}, "Role": "arn:aws:iam::1:role/x"}, "does not match"),
        ("AWS::DynamoDB::Table", {"KeySchema": [], "BillingMode": "FREE"}, "is not one of"),
        ("AWS::KMS::Key", {"KeyPolicy": {}, "PendingWindowInDays": "31"}, "maximum"),
        ("AWS::KMS::Key", {"KeyPolicy": {}, "Arn": "arn:aws:kms"}, "read-only"),
        (
            "AWS::IAM::Role",
            {"AssumeRolePolicyDocument": {}, "Tags": [{"Key": "a!", "Value": ""}]},
            "does not match",
        ),
    ],
)
def test_what_aws_refuses_is_found(kind: str, properties: Mapping[str, Any], refusal: str) -> None:
    """The check above can fail, in each way that a schema knows."""
    found = "\n".join(refusals(REGION, kind, properties))
    assert refusal in found
