"""The lake's part of the stack."""

import base64
import json
from typing import Any

import pytest

from handlers import lake
from templates.components.exporting.store import ATHENA_RESULTS
from tests.support.generated import Generated, build, lake_config

KINDS = ("hot", "late", "replaced", "metrics", "aggregates")


@pytest.fixture(scope="module")
def stack() -> Generated:
    """The regional stack of an environment whose store is the lake."""
    return build("regional", lake_config())


def tables(stack: Generated) -> dict[str, Any]:
    """The catalog's tables and views by their names."""
    return {
        table["TableInput"]["Name"]: table["TableInput"] for table in stack.of("AWS::Glue::Table").values()
    }


@pytest.mark.parametrize("name", ["regional", "artifacts", "fleet"])
def test_a_lake_stack_knows_no_timestream(name: str) -> None:
    """No resource, permission, alarm, endpoint or output of a service that its account may not use."""
    body = json.dumps(build(name, lake_config()).body)
    said = body.replace("What points are stored in: timestream or lake", "")
    assert "timestream" not in said.lower()


def test_the_stack_says_what_its_store_is(stack: Generated) -> None:
    """Commands choose by it."""
    assert stack.body["Outputs"]["StoreKind"]["Value"] == "lake"
    assert stack.body["Outputs"]["TableName"]["Value"] == "points"


def test_lines_are_read_by_the_serde_whose_results_are_the_same_each_time(stack: Generated) -> None:
    """Hive's JSON SerDe over the columns that the writer writes."""
    for name in ("hot", "late"):
        table = tables(stack)[name]
        descriptor = table["StorageDescriptor"]
        assert descriptor["SerdeInfo"] == {"SerializationLibrary": "org.apache.hive.hcatalog.data.JsonSerDe"}
        columns = [(column["Name"], column["Type"]) for column in descriptor["Columns"]]
        assert columns[: len(lake.LINE_COLUMNS)] == list(lake.LINE_COLUMNS)
        assert columns[len(lake.LINE_COLUMNS) :] == ([] if name == "hot" else [("event_hour", "string")])


def test_hours_are_partitions_that_nobody_enters(stack: Generated) -> None:
    """Projected from a day more than the retention until the hour that a point may be ahead in."""
    table = tables(stack)["hot"]
    parameters = table["Parameters"]
    assert [key["Name"] for key in table["PartitionKeys"]] == ["event_hour"]
    assert parameters["projection.enabled"] == "true"
    assert parameters["projection.event_hour.format"] == "yyyy-MM-dd-HH"
    days = stack.config.store.days_kept
    assert parameters["projection.event_hour.range"] == f"NOW-{days + 1}DAYS,NOW+1HOURS"
    template = parameters["storage.location.template"]["Fn::Sub"]
    # In Fn::Sub, ${!x} stands for ${x}, which Athena fills in.
    assert template == ["s3://${Bucket}/hot/event_hour=${!event_hour}/", {"Bucket": {"Ref": "ExportBucket"}}]
    assert "projection.enabled" not in tables(stack)["late"]["Parameters"]


def test_views_are_in_the_catalog_as_athena_makes_them(stack: Generated) -> None:
    """With an empty SerDe, without which a view is taken for a broken table."""
    for name, sql in (("points", lake.points_view({})), ("superseded", lake.superseded_view())):
        view = tables(stack)[name]
        assert view["TableType"] == "VIRTUAL_VIEW"
        assert view["Parameters"]["presto_view"] == "true"
        assert view["StorageDescriptor"]["SerdeInfo"] == {}
        encoded = view["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
        definition = json.loads(base64.b64decode(encoded))
        assert definition["originalSql"] == sql
        assert definition["schema"] == stack.config.database_name
        names = [column["Name"] for column in view["StorageDescriptor"]["Columns"]]
        assert names == [column["name"] for column in definition["columns"]]


def test_what_is_compacted_has_the_columns_of_versions(stack: Generated) -> None:
    """The points of an hour can be told from other versions of them, wherever they lie."""
    for name in ("metrics", "aggregates", "replaced"):
        columns = tables(stack)[name]["StorageDescriptor"]["Columns"]
        assert [(column["Name"], column["Type"]) for column in columns] == list(lake.COLUMNS[name])


def test_points_go_after_the_retention(stack: Generated) -> None:
    """Every prefix that holds points, and no other but query results, is forgotten."""
    rules = stack.of("AWS::S3::Bucket")["ExportBucket"]["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring.pop(ATHENA_RESULTS) == 7
    assert expiring == {f"{name}/": stack.config.store.days_kept for name in KINDS}


def test_a_readers_limit_ends_no_compaction(stack: Generated) -> None:
    """The machinery has a group of queries of its own."""
    groups = stack.of("AWS::Athena::WorkGroup")
    assert "BytesScannedCutoffPerQuery" in groups["ExportWorkGroup"]["WorkGroupConfiguration"]
    assert "BytesScannedCutoffPerQuery" not in groups["CompactionWorkGroup"]["WorkGroupConfiguration"]


def test_the_writer_may_write_lines_and_nothing_else(stack: Generated) -> None:
    """It puts objects below hot/ and late/, and neither reads nor deletes any."""
    role = stack.of("AWS::IAM::Role")["MetricWriterRole"]
    statements = [
        statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]
    ]
    on_bucket = [one for one in statements if "ExportBucket" in json.dumps(one["Resource"])]
    assert [one["Action"] for one in on_bucket] == [["s3:PutObject"]]
    assert [resource["Fn::Sub"][0] for resource in on_bucket[0]["Resource"]] == [
        "${Bucket}/hot/*",
        "${Bucket}/late/*",
    ]
