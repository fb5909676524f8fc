"""Databases, tables and tags, through boto3."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.timestream import administration
from tests.support.timestream_factory import client


def fails(code: str, call: Any, **arguments: Any) -> str:
    """The message of a call that must fail with a code."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value.response["Error"]["Message"])


def test_database_lives_from_create_to_delete(writer: Any) -> None:
    """A database is created once, described, listed, given another key, and deleted."""
    created = writer.create_database(DatabaseName="metrics")["Database"]
    assert created["Arn"] == "arn:aws:timestream:us-east-1:123456789012:database/metrics"
    assert created["KmsKeyId"].startswith("arn:aws:kms:us-east-1:")
    fails("ConflictException", writer.create_database, DatabaseName="metrics")
    writer.create_table(DatabaseName="metrics", TableName="one")
    assert writer.describe_database(DatabaseName="metrics")["Database"]["TableCount"] == 1
    assert (
        writer.update_database(DatabaseName="metrics", KmsKeyId="alias/mine")["Database"]["KmsKeyId"]
        == "alias/mine"
    )
    fails("ValidationException", writer.delete_database, DatabaseName="metrics")
    writer.delete_table(DatabaseName="metrics", TableName="one")
    writer.delete_database(DatabaseName="metrics")
    for call in (writer.describe_database, writer.delete_database):
        fails("ResourceNotFoundException", call, DatabaseName="metrics")
    assert writer.list_databases()["Databases"] == []


def test_table_lives_from_create_to_delete(writer: Any) -> None:
    """A table has AWS's defaults, takes changes, and is gone after its deletion."""
    writer.create_database(DatabaseName="metrics")
    created = writer.create_table(DatabaseName="metrics", TableName="one")["Table"]
    assert created["Arn"] == "arn:aws:timestream:us-east-1:123456789012:database/metrics/table/one"
    assert created["TableStatus"] == "ACTIVE"
    assert created["RetentionProperties"] == {
        "MemoryStoreRetentionPeriodInHours": 6,
        "MagneticStoreRetentionPeriodInDays": 73_000,
    }
    assert created["MagneticStoreWriteProperties"] == {"EnableMagneticStoreWrites": False}
    assert created["Schema"] == {"CompositePartitionKey": [{"Type": "MEASURE"}]}
    fails("ConflictException", writer.create_table, DatabaseName="metrics", TableName="one")
    updated = writer.update_table(
        DatabaseName="metrics",
        TableName="one",
        RetentionProperties={
            "MemoryStoreRetentionPeriodInHours": 8_766,
            "MagneticStoreRetentionPeriodInDays": 1,
        },
        MagneticStoreWriteProperties={
            "EnableMagneticStoreWrites": True,
            "MagneticStoreRejectedDataLocation": {"S3Configuration": {"BucketName": "rejects"}},
        },
    )["Table"]
    assert updated == writer.describe_table(DatabaseName="metrics", TableName="one")["Table"]
    assert updated["RetentionProperties"]["MemoryStoreRetentionPeriodInHours"] == 8_766
    assert updated["MagneticStoreWriteProperties"]["EnableMagneticStoreWrites"]
    assert updated["LastUpdatedTime"] > updated["CreationTime"]
    writer.delete_table(DatabaseName="metrics", TableName="one")
    fails("ResourceNotFoundException", writer.describe_table, DatabaseName="metrics", TableName="one")
    fails("ResourceNotFoundException", writer.update_table, DatabaseName="metrics", TableName="one")


@pytest.mark.parametrize(
    "members",
    [
        {
            "RetentionProperties": {
                "MemoryStoreRetentionPeriodInHours": 0,
                "MagneticStoreRetentionPeriodInDays": 1,
            }
        },
        {
            "RetentionProperties": {
                "MemoryStoreRetentionPeriodInHours": 8_767,
                "MagneticStoreRetentionPeriodInDays": 1,
            }
        },
        {
            "RetentionProperties": {
                "MemoryStoreRetentionPeriodInHours": 1,
                "MagneticStoreRetentionPeriodInDays": 73_001,
            }
        },
        {
            "MagneticStoreWriteProperties": {
                "EnableMagneticStoreWrites": True,
                "MagneticStoreRejectedDataLocation": {},
            }
        },
        {"Schema": {"CompositePartitionKey": [{"Type": "DIMENSION"}]}},
        {"Schema": {"CompositePartitionKey": [{"Type": "MEASURE", "Name": "x"}]}},
        {"Schema": {"CompositePartitionKey": [{"Type": "TIME"}]}},
        {"Schema": {"CompositePartitionKey": [{"Type": "MEASURE"}, {"Type": "MEASURE"}]}},
        {"Tags": [{"Key": "aws:mine", "Value": ""}]},
        {"Tags": [{"Key": "twice", "Value": ""}] * 2},
    ],
    ids=str,
)
def test_table_with_bad_properties_is_not_created(endpoint: str, members: dict[str, Any]) -> None:
    """Periods, keys and tags outside AWS's bounds are ValidationExceptions."""
    writer = client("timestream-write", endpoint, validate=False)
    writer.create_database(DatabaseName="metrics")
    fails("ValidationException", writer.create_table, DatabaseName="metrics", TableName="one", **members)
    assert writer.list_tables(DatabaseName="metrics")["Tables"] == []
    writer.close()


@pytest.mark.parametrize("name", ["ab", "a" * 257, "with space", "slash/", "\u00fcber", "semi;colon"])
def test_names_follow_the_pattern(writer: Any, name: str) -> None:
    """Database and table names are 3 to 256 of a-z, A-Z, 0-9, `_`, `.` and `-`."""
    fails("ValidationException", writer.create_database, DatabaseName=name)
    writer.create_database(DatabaseName="a_b.c-D9")
    fails("ValidationException", writer.create_table, DatabaseName="a_b.c-D9", TableName=name)
    writer.create_table(DatabaseName="a_b.c-D9", TableName="t" * 256)


def test_names_differ_by_case(writer: Any) -> None:
    """`metrics` and `Metrics` are two databases, and so are tables."""
    for name in ("metrics", "Metrics"):
        writer.create_database(DatabaseName=name)
        writer.create_table(DatabaseName=name, TableName="one")
        writer.create_table(DatabaseName=name, TableName="ONE")
    assert len(writer.list_tables()["Tables"]) == 4


def test_partition_key_is_fixed_but_for_its_enforcement(writer: Any) -> None:
    """UpdateTable changes EnforcementInRecord and refuses another type or name."""
    key = {"Type": "DIMENSION", "Name": "metric_name", "EnforcementInRecord": "REQUIRED"}
    names = {"DatabaseName": "metrics", "TableName": "one"}
    writer.create_database(DatabaseName="metrics")
    created = writer.create_table(**names, Schema={"CompositePartitionKey": [key]})["Table"]
    assert created["Schema"] == {"CompositePartitionKey": [key]}
    optional = {**key, "EnforcementInRecord": "OPTIONAL"}
    updated = writer.update_table(**names, Schema={"CompositePartitionKey": [optional]})["Table"]
    assert updated["Schema"] == {"CompositePartitionKey": [optional]}
    for other in ({**key, "Name": "host"}, {"Type": "MEASURE"}):
        fails("ValidationException", writer.update_table, **names, Schema={"CompositePartitionKey": [other]})


def test_lists_come_in_pages(writer: Any) -> None:
    """MaxResults and NextToken walk through all names, sorted, also when one is deleted on the way."""
    for number in range(7):
        writer.create_database(DatabaseName=f"db-{number}")
        writer.create_table(DatabaseName=f"db-{number}", TableName="one")
    first = writer.list_databases(MaxResults=3)
    assert [one["DatabaseName"] for one in first["Databases"]] == ["db-0", "db-1", "db-2"]
    writer.delete_table(DatabaseName="db-2", TableName="one")
    writer.delete_database(DatabaseName="db-2")
    rest = writer.list_databases(NextToken=first["NextToken"])
    assert [one["DatabaseName"] for one in rest["Databases"]] == ["db-3", "db-4", "db-5", "db-6"]
    assert "NextToken" not in rest
    page = writer.list_tables(MaxResults=4)
    last = writer.list_tables(MaxResults=4, NextToken=page["NextToken"])
    assert [one["DatabaseName"] for one in page["Tables"] + last["Tables"]] == [
        f"db-{number}" for number in (0, 1, 3, 4, 5, 6)
    ]
    fails("ValidationException", writer.list_databases, NextToken="garbage")
    fails("ResourceNotFoundException", writer.list_tables, DatabaseName="none")


def test_list_limit_is_20(writer: Any) -> None:
    """MaxResults goes from 1 to 20, and 20 is the default."""
    for number in range(21):
        writer.create_database(DatabaseName=f"db-{number}")
    assert len(writer.list_databases()["Databases"]) == 20
    fails("ValidationException", writer.list_databases, MaxResults=21)


def test_tags_of_databases_and_tables(writer: Any) -> None:
    """Tags given at creation, added and removed are listed, for both kinds of resource."""
    database = writer.create_database(DatabaseName="metrics", Tags=[{"Key": "team", "Value": "a"}])[
        "Database"
    ]["Arn"]
    table = writer.create_table(DatabaseName="metrics", TableName="one")["Table"]["Arn"]
    for arn in (database, table):
        writer.tag_resource(
            ResourceARN=arn, Tags=[{"Key": "team", "Value": "b"}, {"Key": "stage", "Value": ""}]
        )
        writer.untag_resource(ResourceARN=arn, TagKeys=["stage", "unknown"])
        assert writer.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "b"}]
    fails("ResourceNotFoundException", writer.list_tags_for_resource, ResourceARN=f"{database}/table/none")
    fails("ValidationException", writer.list_tags_for_resource, ResourceARN="arn:aws:s3:::bucket")
    many = [{"Key": f"k{number}", "Value": ""} for number in range(200)]
    fails("ServiceQuotaExceededException", writer.tag_resource, ResourceARN=table, Tags=many)


def test_account_has_500_databases(writer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the quota nothing more is created, databases and tables alike."""
    assert (administration.MAX_DATABASES, administration.MAX_TABLES) == (500, 50_000)
    monkeypatch.setattr(administration, "MAX_DATABASES", 1)
    monkeypatch.setattr(administration, "MAX_TABLES", 1)
    writer.create_database(DatabaseName="one")
    writer.create_table(DatabaseName="one", TableName="one")
    fails("ServiceQuotaExceededException", writer.create_database, DatabaseName="two")
    fails("ServiceQuotaExceededException", writer.create_table, DatabaseName="one", TableName="two")


def test_regions_are_apart(endpoint: str, writer: Any, tmp_path: Path) -> None:
    """The region of the signature decides; what is in one is not in another."""
    writer.create_database(DatabaseName="metrics")
    other = client("timestream-write", endpoint, "eu-central-1")
    assert other.list_databases()["Databases"] == []
    arn = other.create_database(DatabaseName="metrics")["Database"]["Arn"]
    assert arn.startswith("arn:aws:timestream:eu-central-1:")
    assert sorted(path.name for path in (tmp_path / "data").glob("*/")) == ["eu-central-1", "us-east-1"]
    other.close()


def test_table_created_again_is_empty(writer: Any, reader: Any) -> None:
    """Nothing of a deleted table comes back under its name, neither records nor columns."""
    writer.create_database(DatabaseName="metrics")
    for name in ("one", "two"):
        writer.create_table(
            DatabaseName="metrics",
            TableName="t-1",
            RetentionProperties={
                "MemoryStoreRetentionPeriodInHours": 8_000,
                "MagneticStoreRetentionPeriodInDays": 800,
            },
        )
        record = {
            "Dimensions": [{"Name": name, "Value": "x"}],
            "MeasureName": "m",
            "MeasureValue": "1",
            "Time": str(
                int(writer.describe_database(DatabaseName="metrics")["Database"]["CreationTime"].timestamp())
            ),
            "TimeUnit": "SECONDS",
        }
        writer.write_records(DatabaseName="metrics", TableName="t-1", Records=[record])
        page = reader.query(QueryString='SELECT * FROM "metrics"."t-1"')
        assert page["ColumnInfo"][0]["Name"] == name
        assert len(page["Rows"]) == 1
        writer.delete_table(DatabaseName="metrics", TableName="t-1")
