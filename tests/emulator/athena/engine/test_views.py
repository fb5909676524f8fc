"""Views as others put them into Glue: CloudFormation, Terraform, dbt."""

import base64
import json
from typing import Any

import pytest

from tests.support.athena_world import World


def put(world: World, text: str) -> None:
    """Put a view whose text is this into Glue."""
    table = {"Name": "v", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": text}
    world.put_table("lake", table, replace="v" in world.catalog["lake"])


def encoded(**view: Any) -> str:
    """The text of a view of one column."""
    usual = {"originalSql": "SELECT 1 AS a", "catalog": "awsdatacatalog", "schema": "lake"}
    column = {"name": "a", "type": "integer"}
    text = json.dumps({**usual, "columns": [column], **view})
    return f"/* Presto View: {base64.b64encode(text.encode()).decode()} */"


@pytest.mark.parametrize("kind", ["integer", "bigint", "double"])
def test_a_view_has_the_types_that_it_promised(kind: str) -> None:
    """A column is converted where Trino does that by itself."""
    world = World()
    put(world, encoded(columns=[{"name": "A", "type": kind}]))
    outcome = world.run("SELECT * FROM v")
    assert [(c.name, c.type) for c in outcome.columns] == [("A", kind)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "INVALID_VIEW: line 1:15: Failed analyzing stored view 'lake.v'"),
        ("SELECT 1", "INVALID_VIEW: "),
        ("/* Presto View: AAAA */", "INVALID_VIEW: "),
        (
            encoded(columns=[{"name": "a", "type": "row(x bigint)"}]),
            "NOT_SUPPORTED: line 1:15: View 'lake.v' has",
        ),
        (
            encoded(columns=[{"name": "a", "type": "varchar"}]),
            "VIEW_IS_STALE: line 1:15: View 'lake.v' is stale",
        ),
        (
            encoded(originalSql="SELECT a FROM gone"),
            "INVALID_VIEW: line 1:15: Failed analyzing stored view 'lake.v'",
        ),
        (encoded(originalSql="SELECT a FROM v"), "INVALID_VIEW: line 1:15: Failed analyzing"),
        (
            encoded(originalSql="SELEC"),
            "INVALID_VIEW: line 1:15: Failed analyzing stored view 'lake.v': line 1:1: ",
        ),
    ],
)
def test_a_view_that_does_not_work(text: str, message: str) -> None:
    """It is refused where it is named, with the reason."""
    world = World()
    put(world, text)
    assert world.failure("SELECT 1 FROM v").startswith(message)
