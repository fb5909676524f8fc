"""Taking a removed region's data back: what is imported, under which names, by which commands."""

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from ops import stack
from ops.bundle import BUILD
from ops.errors import OperatorError
from ops.fleet_import import plan
from templates.config import load
from tests.support.generated import Generated, build, lake_config

PROD = load("prod")
REGIONAL = build("regional", PROD)
KEPT = {
    title
    for title, part in REGIONAL.resources.items()
    if part.get("DeletionPolicy") == "RetainExceptOnCreate"
}


def aws_tags(kind: str, title: str) -> dict[str, str]:
    """The tags that CloudFormation puts on a resource itself, of the types whose schema says that it does."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", kind).schema
    put = schema["tagging"]["cloudFormationSystemTags"]
    return {"aws:cloudformation:logical-id": title} if put else {}


class _Account:
    """An account that still has what a stack left, with the tags it had there.

    `untagged` are resources of a stack from before they had their logical id on them, `extra` is another table by the
    logical id in its tags.
    """

    def __init__(
        self,
        *,
        without: str = "",
        untagged: Sequence[str] = (),
        extra: str = "",
        regional: Generated = REGIONAL,
    ) -> None:
        self._without, self._untagged, self._extra = without, untagged, extra
        self._regional = regional

    def client(self, service: str, region: str) -> Any:
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012"}

    def describe_database(self, *, DatabaseName: str) -> Any:  # noqa: N803 - the SDK's own names
        assert DatabaseName == "metrics_prod"
        if self._without == "Key":
            missing = {"Code": "ResourceNotFoundException", "Message": "The database does not exist."}
            raise ClientError({"Error": missing}, "DescribeDatabase")
        return {"Database": {"KmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/2222-3333"}}

    def get_paginator(self, name: str) -> Any:
        assert name == "get_resources"
        return self

    def paginate(self, *, TagFilters: Any, ResourceTypeFilters: Any) -> Any:  # noqa: N803 - the SDK's own names
        found = []
        for title, part in self._regional.resources.items():
            arn = {
                "AWS::DynamoDB::Table": f"arn:aws:dynamodb:eu-west-1:123456789012:table/StackSet-prod-1-{title}-1A2B",
                "AWS::KMS::Key": "arn:aws:kms:eu-west-1:123456789012:key/0000-1111",
            }.get(part["Type"])
            if arn and title != self._without:
                tags = {tag["Key"]: tag["Value"] for tag in part["Properties"]["Tags"]}
                if title in self._untagged:
                    tags.pop("LogicalId")
                found.append((arn, {**tags, **aws_tags(part["Type"], title)}))
                if title == self._extra:
                    found.append((f"{arn}-another", found[-1][1]))
        assert ResourceTypeFilters == ["dynamodb:table", "kms:key"]
        for wanted in TagFilters:
            found = [(arn, tags) for arn, tags in found if tags.get(wanted["Key"]) in wanted["Values"]]
        listed = [
            {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            for arn, tags in found
        ]
        yield {"ResourceTagMappingList": listed[:1]}
        yield {"ResourceTagMappingList": listed[1:]}


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
    assert found["DimensionsTable"] == {"TableName": "StackSet-prod-1-DimensionsTable-1A2B"}


def test_a_lake_is_taken_back_with_its_tables_and_views() -> None:
    """Nothing is asked of Timestream; a key that its tags do not tell is missing."""
    regional = build("regional", lake_config())
    account = _Account(regional=regional, without="Key")
    with pytest.raises(OperatorError, match=r"no AWS::KMS::Key"):
        plan(regional.config, "eu-west-1", regional.body, account.client)
    _, resources = plan(regional.config, "eu-west-1", regional.body, _Account(regional=regional).client)
    names = {one["ResourceIdentifier"].get("Name") for one in resources}
    assert {"hot", "late", "metrics", "aggregates", "replaced", "points", "superseded"} <= names


def test_a_region_from_before_its_resources_had_their_logical_id_is_found() -> None:
    """Its tables by the names that CloudFormation gave them, its key by the database that it encrypts."""
    account = _Account(untagged=("AlertRulesTable", "Key"))
    _, resources = plan(PROD, "eu-west-1", REGIONAL.body, account.client)
    found = {resource["LogicalResourceId"]: resource["ResourceIdentifier"] for resource in resources}
    assert found["AlertRulesTable"] == {"TableName": "StackSet-prod-1-AlertRulesTable-1A2B"}
    assert found["Key"] == {"KeyId": "2222-3333"}


def test_of_two_keys_the_databases_is_taken() -> None:
    """A key that an earlier stack left, too, does not decrypt the points."""
    _, resources = plan(PROD, "eu-west-1", REGIONAL.body, _Account(extra="Key").client)
    assert {"KeyId": "2222-3333"} in [resource["ResourceIdentifier"] for resource in resources]


@pytest.mark.parametrize("title", ["AlertsTable", "ExportHoursTable"])
def test_of_two_tables_none_is_taken(title: str) -> None:
    """Which of them holds the data is not for this command to guess."""
    with pytest.raises(OperatorError, match=rf"more than one .* tagged as {title} .*-another"):
        plan(PROD, "eu-west-1", REGIONAL.body, _Account(extra=title).client)


def test_a_table_that_is_gone_is_said_to_be_missing() -> None:
    """The rest without it is not what the region was."""
    with pytest.raises(OperatorError, match=r"eu-west-1 has no AWS::DynamoDB::Table .*AlertRulesTable"):
        plan(PROD, "eu-west-1", REGIONAL.body, _Account(without="AlertRulesTable").client)


def test_identifiers_are_those_of_cloudformations_schemas() -> None:
    """CloudFormation wants a resource's primary identifier, whole."""
    _, resources = plan(PROD, "eu-west-1", REGIONAL.body, _Account().client)
    for resource in resources:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", resource["ResourceType"]).schema
        wanted = {path.rpartition("/")[2] for path in schema["primaryIdentifier"]}
        assert set(resource["ResourceIdentifier"]) == wanted, resource["ResourceType"]
        assert "read" in schema["handlers"], "or it cannot be imported"


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
        OperatorError, match=r"cannot look for the key of metrics_prod in eu-west-1: The data"
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
        template = BUILD / f"prod/import-{name}-eu-west-1.json"
        assert template.stat().st_size <= 51_200, "a template that is not in a bucket may have no more bytes"
    assert "metrics-prod-artifacts-123456789012-eu-west-1-an" in shown
