"""An update of a deployed stack: it takes no data away and renames nothing people watch, or CHANGELOG says so."""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.support.dashboards import written_out

HERE = Path(__file__).parent
STACKS = ("artifacts", "fleet", "regional")
# What holds data, or an address or a name that people have written down elsewhere.
LASTING = frozenset({
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::Athena::WorkGroup",
    "AWS::CloudFormation::StackSet",
    "AWS::CloudWatch::Dashboard",
    "AWS::DynamoDB::Table",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::Lambda::EventSourceMapping",  # its place in the stream
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",  # its executions' history
    "AWS::Timestream::Database",
    "AWS::Timestream::Table",
})  # fmt: skip
ALARM = "AWS::CloudWatch::Alarm"

Body = Mapping[str, Any]


def read(folder: str, stack: str) -> dict[str, Any]:
    """A template of production: of the last release, or as it was reviewed for the next one."""
    text = (HERE / folder / "prod" / f"{stack}.template.json").read_text(encoding="utf-8")
    body: dict[str, Any] = json.loads(text)
    return body


def losses(before: Body, after: Body) -> Iterator[tuple[str, str]]:
    """The name of what an update takes away, renames or replaces, and how."""
    for title, old in before["Resources"].items():
        if old["Type"] in LASTING | {ALARM}:
            yield from ((title, how) for how in changes(old, after["Resources"].get(title)))
    for metric in sorted(drawn(before) - drawn(after)):
        yield metric[1], f"is no longer a metric of {metric[0]} on the dashboard"
    for name in before.get("Outputs", {}):
        if name not in after.get("Outputs", {}):
            yield name, "is no output any more"


def changes(old: Mapping[str, Any], new: Mapping[str, Any] | None) -> Iterator[str]:
    """The effects of an update on one resource, as far as it is a loss."""
    if new is None or new["Type"] != old["Type"]:
        yield "is gone"
        return
    replaced = [pointer for pointer in create_only(old["Type"]) if at(old, pointer) != at(new, pointer)]
    yield from (f"is replaced, as {pointer} changes" for pointer in replaced)
    if "Retain" in old.get("DeletionPolicy", "") and new.get("DeletionPolicy") != old["DeletionPolicy"]:
        yield "does not outlive its stack any more"
    if old["Type"] == "AWS::Glue::Table" and old["Properties"] != new["Properties"] and not replaced:
        # CloudFormation sets the columns to the template's, which has none of those that the publisher added.
        yield "loses the columns of dimensions until the next export"
    if old["Type"] == ALARM and watched(old) != watched(new):
        yield "watches another metric"


def create_only(kind: str) -> list[str]:
    """The properties whose change makes CloudFormation replace a resource, by its own schemas."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]


def at(resource: Mapping[str, Any], pointer: str) -> Any:
    """The value that a schema's pointer leads to; None where there is none."""
    value: Any = resource.get("Properties", {})
    for step in pointer.split("/")[2:]:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def watched(alarm: Mapping[str, Any]) -> Any:
    """The metric of an alarm, or the query it stands for."""
    properties = alarm["Properties"]
    return {name: properties.get(name) for name in ("Namespace", "MetricName", "Dimensions", "Metrics")}


def drawn(body: Body) -> set[tuple[str, str]]:
    """Namespace and name of every metric on a stack's dashboards."""
    boards = [part for part in body["Resources"].values() if part["Type"] == "AWS::CloudWatch::Dashboard"]
    return {
        (line[0], line[1])
        for board in boards
        for widget in json.loads(board["Properties"]["DashboardBody"])["widgets"]
        for line in written_out(widget["properties"].get("metrics", ()))
    }


def unreleased(changelog: str) -> str:
    """The part of the changelog that the next release will carry."""
    return changelog.partition("\n## [Unreleased]")[2].partition("\n## [")[0]


@pytest.mark.parametrize("stack", STACKS)
def test_an_update_loses_nothing_that_the_changelog_does_not_name(stack: str) -> None:
    """Whoever updates a deployed stack reads beforehand what it takes away, replaces or renames."""
    said = unreleased((HERE.parents[1] / "CHANGELOG.md").read_text(encoding="utf-8"))
    found = losses(read("released", stack), read("golden", stack))
    assert not [f"{name} {how}" for name, how in found if not re.search(rf"\b{re.escape(name)}\b", said)]


def test_whatever_outlives_its_stack_is_held_here() -> None:
    """A new type of resource that holds data joins the list above."""
    for stack in STACKS:
        for title, resource in read("golden", stack)["Resources"].items():
            # API Gateway's account setting and its role stay for other environments; they hold nothing.
            if "Retain" in resource.get("DeletionPolicy", "") and not title.startswith("ApiGateway"):
                assert resource["Type"] in LASTING, title


@pytest.mark.parametrize(
    ("path", "value", "loss"),
    [
        (("Resources", "AlertsTable"), None, ("AlertsTable", "is gone")),
        (
            ("Resources", "AlertsTable", "Properties", "KeySchema", 0, "AttributeName"),
            "key",
            ("AlertsTable", "is replaced, as /properties/KeySchema changes"),
        ),
        (
            ("Resources", "AlertsTable", "Properties", "TableName"),
            "alerts",
            ("AlertsTable", "is replaced, as /properties/TableName changes"),
        ),
        (
            ("Resources", "AlertsTable", "DeletionPolicy"),
            "Delete",
            ("AlertsTable", "does not outlive its stack any more"),
        ),
        (("Resources", "StreamReadThrottledAlarm"), None, ("StreamReadThrottledAlarm", "is gone")),
        (
            ("Resources", "MetricWriterQuarantinedAlarm", "Properties", "MetricName"),
            "Refused",
            ("MetricWriterQuarantinedAlarm", "watches another metric"),
        ),
        (
            ("Resources", "ExportMetricsTable", "Properties", "TableInput", "Name"),
            "points",
            ("ExportMetricsTable", "is replaced, as /properties/TableInput/Name changes"),
        ),
        (
            ("Resources", "ExportMetricsTable", "Properties", "TableInput", "Description"),
            "points",
            ("ExportMetricsTable", "loses the columns of dimensions until the next export"),
        ),
        (("Outputs", "IngestUrl"), None, ("IngestUrl", "is no output any more")),
    ],
)
def test_each_kind_of_loss_is_found(
    path: tuple[str | int, ...], value: str | None, loss: tuple[str, str]
) -> None:
    """One change to the released template at a time: the comparison above can fail."""
    before = read("released", "regional")
    after = copy.deepcopy(before)
    place: Any = after
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    assert not list(losses(before, before))
    assert list(losses(before, after)) == [loss]


def test_a_metric_that_leaves_the_dashboard_is_found() -> None:
    """People read it by its name, whatever the code calls it by then."""
    before = read("released", "fleet")
    after = copy.deepcopy(before)
    properties = after["Resources"]["Dashboard"]["Properties"]
    properties["DashboardBody"] = properties["DashboardBody"].replace("PointsStored", "PointsWritten")
    assert list(losses(before, after)) == [
        ("PointsStored", "is no longer a metric of Tidegauge on the dashboard")
    ]


def test_only_what_comes_next_may_say_it() -> None:
    """A line of an earlier release excuses nothing."""
    assert unreleased("# Changelog\n\n## [Unreleased]\n\n- new\n\n## [0.1.0]\n\n- old\n").split() == [
        "-",
        "new",
    ]
