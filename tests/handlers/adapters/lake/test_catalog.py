"""The lake's view in the data catalog, over Glue's protocol."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers import lake
from handlers.adapters.lake.catalog import LakeCatalog
from handlers.domain.errors import TransientError
from tests.support.scripted_client import Scripted, refusal


@pytest.fixture
def glue() -> Iterator[Any]:
    """The lake's tables as the template makes them, before there is any dimension."""
    with mock_aws():
        client = boto3.client("glue")
        client.create_database(DatabaseInput={"Name": "d"})
        columns = [{"Name": name, "Type": kind} for name, kind in lake.COLUMNS["metrics"]]
        client.create_table(
            DatabaseName="d", TableInput={"Name": "metrics", "StorageDescriptor": {"Columns": columns}}
        )
        view: dict[str, Any] = {"Columns": [], "SerdeInfo": {}}
        client.create_table(
            DatabaseName="d",
            TableInput={
                "Name": "points",
                "TableType": "VIRTUAL_VIEW",
                "Parameters": {"presto_view": "true"},
                "ViewOriginalText": "/* Presto View: e30= */",
                "ViewExpandedText": "/* Presto View */",
                "StorageDescriptor": view,
            },
        )
        yield client


def table(glue: Any, name: str) -> Any:
    """A table of the catalog."""
    return glue.get_table(DatabaseName="d", Name=name)["Table"]


def test_a_dimension_has_a_column_in_the_view_and_in_what_the_view_reads(glue: Any) -> None:
    """The view's SQL names the dimension as clients do and its column as the exports do; the rest of it stays."""
    LakeCatalog(glue, "d").show_dimensions(lambda: {"host.name", "time_ns"})
    columns = [column["Name"] for column in table(glue, "metrics")["StorageDescriptor"]["Columns"]]
    assert columns[-2:] == ["host__name", "export_time_ns"]
    view = table(glue, "points")
    text = re.fullmatch(r"/\* Presto View: (\S+) \*/", view["ViewOriginalText"])
    assert text is not None
    assert (
        """element_at(dims, 'host.name') AS "host__name\""""
        in json.loads(base64.b64decode(text[1]))["originalSql"]
    )
    listed = {column["Name"]: column["Type"] for column in view["StorageDescriptor"]["Columns"]}
    assert (listed["host__name"], listed["time"], listed["index"]) == ("string", "timestamp", "int")
    assert (view["TableType"], view["ViewExpandedText"]) == ("VIRTUAL_VIEW", "/* Presto View */")


def test_a_view_that_has_all_dimensions_is_left_alone(glue: Any) -> None:
    """Each publisher looks, and changes nothing."""
    catalog = LakeCatalog(glue, "d")
    catalog.show_dimensions(lambda: ["host"])
    before = table(glue, "points")["UpdateTime"], table(glue, "points")["VersionId"]
    catalog.show_dimensions(lambda: ["host"])
    assert (table(glue, "points")["UpdateTime"], table(glue, "points")["VersionId"]) == before


def test_of_two_who_show_dimensions_at_once_the_last_knows_all() -> None:
    """A view that another changed is read again, and the registry after it."""
    metrics = {"Table": {"Name": "metrics", "VersionId": "3", "StorageDescriptor": {"Columns": []}}}
    views = [
        {"Table": {"Name": "points", "VersionId": version, "TableType": "VIRTUAL_VIEW"}} for version in "12"
    ]
    glue = Scripted(
        views[0], metrics, {}, refusal("ConcurrentModificationException"), views[1], metrics, {}, {}
    )
    registry = iter([["a"], ["a", "b"]])
    LakeCatalog(glue, "d").show_dimensions(lambda: next(registry))
    updates = [each["TableInput"] for name, each in glue.calls if name == "update_table"]
    assert [each["Name"] for each in updates] == ["metrics", "points", "metrics", "points"]
    assert {"Name": "b", "Type": "string"} in updates[-1]["StorageDescriptor"]["Columns"]
    assert [each["VersionId"] for name, each in glue.calls if name == "update_table"][1::2] == ["1", "2"]


def test_a_view_that_keeps_changing_is_tried_again_later() -> None:
    """It is a transient failure, not an endless loop."""
    columns = [{"Name": name, "Type": kind} for name, kind in lake.COLUMNS["metrics"]]
    metrics = {"Table": {"Name": "metrics", "StorageDescriptor": {"Columns": columns}}}
    answers = [{"Table": {"Name": "points"}}, metrics, refusal("ConcurrentModificationException")] * 5
    with pytest.raises(TransientError, match="kept changing"):
        LakeCatalog(Scripted(*answers), "d").show_dimensions(list)
