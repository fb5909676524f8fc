"""Deployments: what is refused before or while resources are made."""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator import Cloud
from emulator.cloudformation.deploy import deploy
from emulator.cloudformation.resources.context import Context
from emulator.errors import TemplateError
from tests.support.aws_clients import Clients


@pytest.fixture
def context(cloud: Cloud) -> Iterator[Context]:
    """A stack to deploy into."""
    made = Context(region="us-east-1", stack_name="small", endpoint_url=cloud.endpoint_url)
    yield made
    made.close()


def topic(**properties: Any) -> dict[str, Any]:
    """A topic of these properties."""
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def permission(**properties: Any) -> dict[str, Any]:
    """A permission to invoke a function, with these properties."""
    given = {"FunctionName": "f", "Action": "lambda:InvokeFunction", "Principal": "*", **properties}
    return {"Type": "AWS::Lambda::Permission", "Properties": given}


def catalog_table(**definition: Any) -> dict[str, Any]:
    """A table of Glue's of this definition."""
    properties = {
        "CatalogId": {"Ref": "AWS::AccountId"},
        "DatabaseName": "d",
        "TableInput": {"Name": "t", **definition},
    }
    return {"Type": "AWS::Glue::Table", "Properties": properties}


def test_an_unknown_type_is_refused_before_anything_is_made(context: Context, client: Clients) -> None:
    """The type and the logical id are named, and no other resource of the template exists."""
    body = {"Resources": {"A": topic(TopicName="never"), "Car": {"Type": "AWS::Car::Wheel"}}}
    with pytest.raises(TemplateError, match=r"^Car\.Type: .*AWS::Car::Wheel"):
        deploy(body, context=context)
    assert not [each for each in client("sns").list_topics()["Topics"] if "never" in each["TopicArn"]]


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (topic(Colour="red"), r"^A\.Colour: .*AWS::SNS::Topic"),
        (permission(PrincipalOrgID="o-1"), r"^A\.PrincipalOrgID: "),
        (
            permission(FunctionUrlAuthType="NONE"),
            r"^A\.FunctionUrlAuthType: .*lambda:InvokeFunctionUrl alone",
        ),
        (
            permission(FunctionUrlAuthType="ALL", Action="lambda:InvokeFunctionUrl"),
            r"^A\.FunctionUrlAuthType: .*ALL",
        ),
        (
            permission(InvokedViaFunctionUrl=True, Action="lambda:InvokeFunctionUrl"),
            r"^A\.InvokedViaFunctionUrl: .*lambda:InvokeFunction alone",
        ),
        (
            {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/a"}},
            r"^A\.TargetKeyId: is required",
        ),
        (
            {
                "Type": "AWS::Kinesis::Stream",
                "Properties": {"DesiredShardLevelMetrics": ["ALL"], "ShardCount": 1},
            },
            r"^A\.DesiredShardLevelMetrics: ",
        ),
        ({"Type": "AWS::Kinesis::Stream", "Properties": {}}, r"^A\.ShardCount: is required"),
        (
            {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": "many"}},
            r"^A\.ShardCount: .*whole number",
        ),
        (
            {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"RoleArn": "r", "DefinitionString": '{"StartAt": "${Missing}"}'},
            },
            r"^A\.DefinitionSubstitutions: has no value for \$\{Missing\}",
        ),
        (
            {
                "Type": "AWS::S3::Bucket",
                "Properties": {"NotificationConfiguration": {"LambdaConfigurations": []}},
            },
            r"^A\.NotificationConfiguration: .*AWS::S3::Bucket",
        ),
        (
            {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "LifecycleConfiguration": {"Rules": [{"Id": "x", "Status": "Enabled", "Soon": 1}]}
                },
            },
            "Soon",
        ),
        (
            catalog_table(TableType="VIRTUAL_VIEW", ViewOriginalText="/* Presto View: e30= */"),
            r"^A\.TableInput: .*ViewOriginalText is no Presto View",
        ),
        (
            catalog_table(
                PartitionKeys=[{"Name": "hour", "Type": "string"}],
                Parameters={
                    "projection.enabled": "true",
                    "projection.hour.type": "date",
                    "projection.hour.format": "yyyy-MM-dd-HH",
                    "projection.hour.range": "NOW-1DAYS,NOW",
                },
            ),
            r"^A\.TableInput: .*projection\.hour\.interval\.unit",
        ),
    ],
)
def test_a_property_that_is_not_understood_is_refused(
    context: Context, resource: dict[str, Any], message: str
) -> None:
    """No property is passed over: the resource and the property are named."""
    with pytest.raises(TemplateError, match=message):
        deploy({"Resources": {"A": resource}}, context=context)


def test_what_a_service_refuses_names_the_resource(context: Context) -> None:
    """An error of the service itself says which resource it was about."""
    with pytest.raises(TemplateError, match=r"^A: .*TargetKeyId|^A: "):
        deploy(
            {
                "Resources": {
                    "A": {
                        "Type": "AWS::KMS::Alias",
                        "Properties": {"AliasName": "alias/a", "TargetKeyId": "no"},
                    }
                }
            },
            context=context,
        )


def test_an_unknown_attribute_is_refused(context: Context) -> None:
    """GetAtt of an attribute the type does not have names both."""
    body = {
        "Resources": {"A": topic()},
        "Outputs": {"O": {"Value": {"Fn::GetAtt": ["A", "Colour"]}}},
    }
    with pytest.raises(TemplateError, match=r"^Outputs\.O\.Fn::GetAtt: A .*Colour"):
        deploy(body, context=context)
