"""The data catalog, over Glue's protocol."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.glue import GlueCatalog
from handlers.domain.errors import TransientError
from handlers.domain.exports.columns import Column
from handlers.domain.exports.hour import Hour
from tests.support.scripted_client import Scripted, refusal

HOUR = Hour.parse("2026-11-22T02")


@pytest.fixture
def aws() -> Iterator[None]:
    """No account can be reached."""
    with mock_aws():
        yield


@pytest.fixture
def catalog(aws: None) -> GlueCatalog:
    """A table with one column, in a database."""
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": "d"})
    descriptor = {"Columns": [{"Name": "value", "Type": "double"}], "Location": "s3://b/metrics/"}
    glue.create_table(
        DatabaseName="d",
        TableInput={
            "Name": "metrics",
            "Parameters": {"classification": "parquet"},
            "PartitionKeys": [
                {"Name": "export_date", "Type": "string"},
                {"Name": "export_hour", "Type": "string"},
            ],
            "StorageDescriptor": descriptor,
        },
    )
    return GlueCatalog(glue, "d")


def test_columns_are_appended_and_the_rest_of_the_table_stays(catalog: GlueCatalog) -> None:
    """What the template said of the table is kept."""
    wanted = [Column("value", "double"), Column("host", "string")]
    assert catalog.add_columns("metrics", wanted) == 1
    assert catalog.add_columns("metrics", wanted) == 0
    table = boto3.client("glue").get_table(DatabaseName="d", Name="metrics")["Table"]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == ["value", "host"]
    assert table["Parameters"]["classification"] == "parquet"
    assert len(table["PartitionKeys"]) == 2


def test_a_column_that_is_not_called_like_its_dimension_says_whose_it_is(catalog: GlueCatalog) -> None:
    """Whoever looks for `host.name` in the catalog finds it."""
    catalog.add_columns(
        "metrics", [Column("host__name", "string", "host.name"), Column("zone", "string", "zone")]
    )
    table = boto3.client("glue").get_table(DatabaseName="d", Name="metrics")["Table"]
    assert table["StorageDescriptor"]["Columns"][1:] == [
        {"Name": "host__name", "Type": "string", "Comment": "Dimension host.name"},
        {"Name": "zone", "Type": "string"},
    ]


def test_columns_that_an_update_of_the_stack_took_are_added_again(catalog: GlueCatalog) -> None:
    """CloudFormation sets a table's columns to those of the template; the next export adds what it lacks by then."""
    columns = [Column("host", "string", "host"), Column("zone", "string", "zone")]
    catalog.add_columns("metrics", columns)
    glue = boto3.client("glue")
    table = glue.get_table(DatabaseName="d", Name="metrics")["Table"]
    template = {**table["StorageDescriptor"], "Columns": [{"Name": "value", "Type": "double"}]}
    glue.update_table(DatabaseName="d", TableInput={"Name": "metrics", "StorageDescriptor": template})
    assert catalog.add_columns("metrics", columns) == 2


def test_a_partition_is_made_and_then_moved(catalog: GlueCatalog) -> None:
    """Its columns are those of the table."""
    assert catalog.partition_location("metrics", HOUR) is None
    for location in ("s3://b/metrics/1/results/", "s3://b/metrics/2/results/"):
        catalog.set_partition_location("metrics", HOUR, location)
        assert catalog.partition_location("metrics", HOUR) == location
    partitions = boto3.client("glue").get_partitions(DatabaseName="d", TableName="metrics")["Partitions"]
    assert [partition["Values"] for partition in partitions] == [["2026-11-22", "02"]]
    assert partitions[0]["StorageDescriptor"]["Columns"] == [{"Name": "value", "Type": "double"}]


def test_partitions_of_forgotten_days_are_removed(catalog: GlueCatalog) -> None:
    """Whole days before the hour's."""
    for number in range(-30, 2):
        catalog.set_partition_location("metrics", HOUR.plus(number), "s3://b/x/results/")
    assert catalog.forget_partitions("metrics", HOUR) == 28
    partitions = boto3.client("glue").get_partitions(DatabaseName="d", TableName="metrics")["Partitions"]
    assert {partition["Values"][0] for partition in partitions} == {HOUR.date}
    assert catalog.forget_partitions("metrics", HOUR) == 0


def test_a_partition_that_glue_does_not_remove_is_removed_later() -> None:
    """Its answer has errors of single ones."""
    page = {"Partitions": [{"Values": ["2026-01-01", "00"]}]}
    glue = Scripted(page, {"Errors": [{"ErrorDetail": {"ErrorCode": "InternalServiceException"}}]})
    with pytest.raises(TransientError, match="InternalServiceException"):
        GlueCatalog(glue, "d").forget_partitions("metrics", HOUR)


def test_many_partitions_are_found_at_once(catalog: GlueCatalog) -> None:
    """Those that there are, with where they lie."""
    hours = [HOUR.plus(number) for number in range(3)]
    for hour in hours[:2]:
        catalog.set_partition_location("metrics", hour, f"s3://b/{hour}/results/")
    found = catalog.partition_locations("metrics", hours)
    assert found == {hour: f"s3://b/{hour}/results/" for hour in hours[:2]}
    assert catalog.partition_locations("metrics", []) == {}


def test_more_partitions_than_a_call_takes_are_asked_for_in_several() -> None:
    """A thousand in each."""
    glue = Scripted(*[{"Partitions": []}] * 3)
    GlueCatalog(glue, "d").partition_locations("metrics", [HOUR.plus(number) for number in range(2500)])
    assert [len(call["PartitionsToGet"]) for _, call in glue.calls] == [1000, 1000, 500]


TABLE = {
    "Table": {"Name": "metrics", "VersionId": "7", "CreatedBy": "x", "StorageDescriptor": {"Columns": []}}
}


def test_two_publishers_do_not_undo_each_others_columns() -> None:
    """A table is changed on the version that was read; if it changed meanwhile, it is read again."""
    newer = {"Table": {**TABLE["Table"], "VersionId": "8"}}
    glue = Scripted(TABLE, refusal("ConcurrentModificationException"), newer, {})
    assert GlueCatalog(glue, "d").add_columns("metrics", [Column("host", "string")]) == 1
    updates = [arguments for operation, arguments in glue.calls if operation == "update_table"]
    assert [update["VersionId"] for update in updates] == ["7", "8"]
    assert "CreatedBy" not in updates[0]["TableInput"]


def test_a_table_that_keeps_changing_is_tried_again_later() -> None:
    """It is a transient failure, not an endless loop."""
    answers = [TABLE, refusal("ConcurrentModificationException")] * 5
    with pytest.raises(TransientError, match="kept changing"):
        GlueCatalog(Scripted(*answers), "d").add_columns("metrics", [Column("host", "string")])


def test_a_partition_made_by_another_publisher_is_found_at_the_next_try() -> None:
    """Between looking for it and making it."""
    glue = Scripted(TABLE, refusal("EntityNotFoundException"), refusal("AlreadyExistsException"))
    with pytest.raises(TransientError, match="meanwhile"):
        GlueCatalog(glue, "d").set_partition_location("metrics", HOUR, "s3://b/x/results/")
