"""The data catalog as Athena shows it, from Glue's databases and tables."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator import Cloud
from tests.support.athena_service import REGION

CATALOG = {"CatalogName": "AwsDataCatalog"}
_STORED = {
    "Columns": [
        {"Name": "n", "Type": "bigint", "Comment": "how many"},
        {"Name": "m", "Type": "map<string,string>"},
    ],
    "Location": "s3://b/p/",
    "InputFormat": "in",
    "OutputFormat": "out",
    "SerdeInfo": {"SerializationLibrary": "lib", "Parameters": {"a": "b"}},
}


@pytest.fixture(scope="module", autouse=True)
def _filled(cloud: Cloud) -> Iterator[None]:
    """Two databases, one with three tables."""
    glue = cloud.client("glue", REGION)
    glue.create_database(DatabaseInput={"Name": "empty"})
    glue.create_database(DatabaseInput={"Name": "db", "Description": "ours", "Parameters": {"p": "q"}})
    for name in ("one", "two", "three"):
        glue.create_table(
            DatabaseName="db",
            TableInput={
                "Name": name,
                "TableType": "EXTERNAL_TABLE",
                "StorageDescriptor": _STORED,
                "PartitionKeys": [{"Name": "hour", "Type": "string"}],
                "Parameters": {"projection.enabled": "true"},
            },
        )
    yield
    glue.close()


def test_there_is_one_catalog(athena: Any) -> None:
    """AwsDataCatalog, which is Glue; another is refused by name."""
    [catalog] = athena.list_data_catalogs()["DataCatalogsSummary"]
    assert (catalog["CatalogName"], catalog["Type"]) == ("AwsDataCatalog", "GLUE")
    assert athena.get_data_catalog(Name="AwsDataCatalog")["DataCatalog"]["Type"] == "GLUE"
    with pytest.raises(ClientError, match="Catalog hive was not found"):
        athena.list_databases(CatalogName="hive")


def test_databases_are_glues(athena: Any) -> None:
    """In pages, with their descriptions."""
    pages = athena.get_paginator("list_databases").paginate(**CATALOG, PaginationConfig={"PageSize": 1})
    assert sorted(one["Name"] for page in pages for one in page["DatabaseList"]) == ["db", "empty"]
    database = athena.get_database(**CATALOG, DatabaseName="db")["Database"]
    assert database == {"Name": "db", "Description": "ours", "Parameters": {"p": "q"}}


def test_a_table_is_shown_with_its_columns(athena: Any) -> None:
    """Partition keys apart, and where and how it is stored among its parameters."""
    table = athena.get_table_metadata(**CATALOG, DatabaseName="db", TableName="one")["TableMetadata"]
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["Columns"] == _STORED["Columns"]
    assert table["PartitionKeys"] == [{"Name": "hour", "Type": "string"}]
    assert table["Parameters"] == {
        "projection.enabled": "true",
        "inputformat": "in",
        "outputformat": "out",
        "location": "s3://b/p/",
        "serde.serialization.lib": "lib",
        "serde.param.a": "b",
    }


def test_tables_are_listed_by_an_expression(athena: Any) -> None:
    """A regular expression for the whole name, in any case."""

    def listed(**arguments: Any) -> list[str]:
        pages = athena.get_paginator("list_table_metadata").paginate(
            **CATALOG, DatabaseName="db", **arguments
        )
        return sorted(one["Name"] for page in pages for one in page["TableMetadataList"])

    assert listed(PaginationConfig={"PageSize": 2}) == ["one", "three", "two"]
    assert listed(Expression="T.*") == ["three", "two"]
    assert listed(Expression="t") == []


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("get_database", {"DatabaseName": "none"}),
        ("get_table_metadata", {"DatabaseName": "db", "TableName": "none"}),
        ("list_table_metadata", {"DatabaseName": "none"}),
    ],
)
def test_what_glue_does_not_have_is_a_metadata_exception(
    athena: Any, operation: str, arguments: dict[str, str]
) -> None:
    """With Glue's own error in its text, which clients look for."""
    with pytest.raises(ClientError, match="EntityNotFoundException") as refused:
        getattr(athena, operation)(**CATALOG, **arguments)
    assert refused.value.response["Error"]["Code"] == "MetadataException"
