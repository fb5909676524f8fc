"""CloudFormation's own tags: on the types that its schemas name, and on no others."""

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from emulator import Cloud
from emulator.cloudformation.deploy import deploy
from emulator.cloudformation.resources import HANDLERS
from emulator.cloudformation.resources.context import Context
from emulator.cloudformation.system_tags import TAGGED
from emulator.errors import TemplateError
from tests.support.aws_clients import Clients

ELSEWHERE = {
    "AWS::CloudWatch::Dashboard",
    "AWS::Timestream::Database",
    "AWS::Timestream::Table",
    "AWS::XRay::SamplingRule",
}


def test_the_types_with_cloudformations_tags_are_those_of_its_schemas() -> None:
    """A type that is not tagged there must not be found by such a tag here."""
    schemas = {
        kind: PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema for kind in HANDLERS
    }
    tagged = {
        kind
        for kind, schema in schemas.items()
        if schema.get("tagging", {}).get("cloudFormationSystemTags") and "Tags" in schema["properties"]
    }
    assert tagged - ELSEWHERE == TAGGED


def test_services_show_the_tags_that_aws_would_show(cloud: Cloud, client: Clients) -> None:
    """A bucket and a stream say of what stack they are; a table and a key say only what the template says."""
    resources = cloud.deployments["us-east-1"].resources
    ids = {name: resource.physical_id for name, resource in resources.items()}
    bucket = client("s3").get_bucket_tagging(Bucket=ids["Bucket"])["TagSet"]
    stream = client("kinesis").list_tags_for_stream(StreamName=ids["Stream"])["Tags"]
    for tags, name in ((bucket, "Bucket"), (stream, "Stream")):
        found = {tag["Key"]: tag["Value"] for tag in tags}
        assert found["Project"] == "p"
        assert found["aws:cloudformation:logical-id"] == name
        assert found["aws:cloudformation:stack-name"] == "everything"
        assert found["aws:cloudformation:stack-id"].startswith("arn:aws:cloudformation:us-east-1:")
    arn = resources["Table"].attributes["Arn"]
    table = client("dynamodb").list_tags_of_resource(ResourceArn=arn)["Tags"]
    assert table == [{"Key": "Project", "Value": "p"}]
    assert client("kms").list_resource_tags(KeyId=ids["Key"])["Tags"] == []


def test_a_template_may_not_give_tags_in_awss_name(cloud: Cloud) -> None:
    """A tag that begins with aws: is refused, as there, whatever the type."""
    tags = [{"Key": "aws:cloudformation:logical-id", "Value": "Key"}]
    body = {"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": {"Tags": tags}}}}
    context = Context(region="us-east-1", stack_name="other", endpoint_url=cloud.endpoint_url)
    with pytest.raises(TemplateError, match=r"^Key\.Tags: aws: is reserved"):
        deploy(body, context=context)
    context.close()
