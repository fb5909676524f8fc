"""Functions in a private network: each has its place as it is made, whenever that is."""

import json
from typing import Any

import pytest
from awacs import dynamodb, ec2, glue, timestream
from troposphere import Template

from templates.components.platform import Platform, add_platform
from templates.constructs.function import add_function
from templates.constructs.policy import allow
from tests.support.generated import other


def add(template: Template, platform: Platform, name: str, action: Any) -> dict[str, Any]:
    """The properties of a function that may call this action, and its role's grants by their names."""
    function = add_function(
        template,
        name,
        handler="handlers.nothing.handler",
        description="A function of a test",
        memory_mb=128,
        timeout_seconds=3,
        environment={},
        statements=[allow([action], ["*"], Sid="Call")],
        runtime=platform.runtime,
    )
    resources = json.loads(template.to_json())["Resources"]
    role = resources[f"{name}Role"]["Properties"]
    properties: dict[str, Any] = resources[function.title]["Properties"]
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    return {**properties, "grants": {statement["Sid"] for statement in statements}}


def endpoints(template: Template) -> set[str]:
    """The logical ids of the endpoints."""
    return {title for title in template.resources if title.endswith("Endpoint")}


def test_the_first_and_the_last_function_have_the_same_place() -> None:
    """Nothing has to be done after the last function, so none can come after it."""
    template = Template()
    platform = add_platform(template, other())
    first = add(template, platform, "First", dynamodb.GetItem)
    assert endpoints(template) == {"DynamoDbEndpoint"}
    last = add(template, platform, "Last", timestream.WriteRecords)
    assert endpoints(template) == {
        "DynamoDbEndpoint", "TimestreamIngestEndpoint", "TimestreamQueryEndpoint",
    }  # fmt: skip
    assert first["VpcConfig"] == last["VpcConfig"]
    for function in (first, last):
        assert {"MakeInterfaces", "KeepInterfaces", "SeeNetwork"} < function["grants"]


def test_two_functions_share_the_endpoint_of_what_both_call() -> None:
    """An endpoint is the network's, not the function's."""
    template = Template()
    platform = add_platform(template, other())
    add(template, platform, "First", glue.GetTable)
    before = endpoints(template)
    add(template, platform, "Second", glue.GetPartition)
    assert endpoints(template) == before


def test_a_call_without_an_endpoint_is_refused() -> None:
    """The call would wait for its timeout each time, in private mode alone."""
    template = Template()
    platform = add_platform(template, other())
    with pytest.raises(LookupError, match=r"no endpoint is known for the actions ec2:"):
        add(template, platform, "First", ec2.DescribeVpcs)
