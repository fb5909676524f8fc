"""Taking a removed region's data back: what is imported, under which names, by which commands."""

from typing import Any

import pytest

from ops import stack
from ops.bundle import BUILD
from ops.errors import OperatorError
from ops.fleet_import import plan
from templates.config import load
from tests.support.generated import build

PROD = load("prod")
REGIONAL = build("regional", PROD)
KEPT = {
    title
    for title, part in REGIONAL.resources.items()
    if part.get("DeletionPolicy") == "RetainExceptOnCreate"
}


class _Account:
    """An account that still has what a stack left, and says so by tags."""

    def __init__(self, *, without: str = "") -> None:
        self._without = without

    def client(self, service: str, region: str) -> Any:
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012"}

    def get_paginator(self, name: str) -> Any:
        assert name == "get_resources"
        return self

    def paginate(self, *, TagFilters: Any, ResourceTypeFilters: Any) -> Any:  # noqa: N803 - the SDK's own names
        assert {"Key": "Environment", "Values": ["prod"]} in TagFilters
        assert ResourceTypeFilters == ["dynamodb:table", "kms:key"]
        found = []
        for title, part in REGIONAL.resources.items():
            arn = {
                "AWS::DynamoDB::Table": f"arn:aws:dynamodb:eu-west-1:123456789012:table/StackSet-{title}-1",
                "AWS::KMS::Key": "arn:aws:kms:eu-west-1:123456789012:key/0000-1111",
            }.get(part["Type"])
            if arn and title != self._without:
                tags = [{"Key": "aws:cloudformation:logical-id", "Value": title}]
                found.append({"ResourceARN": arn, "Tags": tags})
        yield {"ResourceTagMappingList": found[:1]}
        yield {"ResourceTagMappingList": found[1:]}


def test_everything_that_was_kept_is_imported_and_nothing_else() -> None:
    """The template has the retained resources, each with what CloudFormation finds it by."""
    template, resources = plan(PROD, "eu-west-1", REGIONAL.body, _Account().client)
    assert set(template["Resources"]) == KEPT
    found = {resource["LogicalResourceId"]: resource["ResourceIdentifier"] for resource in resources}
    assert set(found) == KEPT
    assert found["Key"] == {"KeyId": "0000-1111"}
    assert found["Database"] == {"DatabaseName": "metrics_prod"}
    assert found["MetricsTable"] == {"DatabaseName": "metrics_prod", "TableName": "metrics"}
    assert found["QuarantineBucket"] == {"BucketName": "metrics-prod-quarantine-123456789012-eu-west-1-an"}
    assert found["DimensionsTable"] == {"TableName": "StackSet-DimensionsTable-1"}


def test_identifiers_are_those_of_cloudformations_schemas() -> None:
    """CloudFormation wants a resource's primary identifier, whole."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    _, resources = plan(PROD, "eu-west-1", REGIONAL.body, _Account().client)
    for resource in resources:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", resource["ResourceType"]).schema
        wanted = {path.rpartition("/")[2] for path in schema["primaryIdentifier"]}
        assert set(resource["ResourceIdentifier"]) == wanted, resource["ResourceType"]


def test_imported_resources_refer_to_each_other_only() -> None:
    """An import takes no resource that is not imported, so nothing may refer to one."""
    import json
    import re

    template, _ = plan(PROD, "eu-west-1", REGIONAL.body, _Account().client)
    text = json.dumps(template["Resources"])
    referred = set(re.findall(r'"Ref": "([A-Za-z0-9]+)"', text))
    referred |= set(re.findall(r'"Fn::GetAtt": \["([A-Za-z0-9]+)"', text))
    assert referred <= KEPT


def test_a_key_that_is_gone_is_said_to_be_missing() -> None:
    """Without its key the data cannot be read, so nothing is planned."""
    with pytest.raises(
        OperatorError, match=r"eu-west-1 has no AWS::KMS::Key that is tagged as Key of metrics-prod"
    ):
        plan(PROD, "eu-west-1", REGIONAL.body, _Account(without="Key").client)


def test_the_commands_are_shown_in_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Import, then the rest of the stack, then into the StackSet; the files they read are written."""
    from ops.__main__ import main

    monkeypatch.setattr(stack, "client", _Account().client)
    assert main(["fleet", "import", "--environment", "prod", "--region", "eu-west-1"]) == 0
    shown = capsys.readouterr().out
    steps = [
        "--change-set-type IMPORT",
        "execute-change-set",
        "make publish deploy",
        "import-stacks-to-stack-set",
    ]
    places = [shown.index(step) for step in [*steps, "make rollout ENV=prod"]]
    assert places == sorted(places)
    for name in ("artifacts", "regional"):
        assert f"file://build/prod/resources-{name}-eu-west-1.json" in shown
        assert (BUILD / f"prod/import-{name}-eu-west-1.json").is_file()
    assert "metrics-prod-artifacts-123456789012-eu-west-1-an" in shown
