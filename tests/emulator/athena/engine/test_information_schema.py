"""The data catalog's names by SQL."""

import pytest

from tests.support.athena_world import World


@pytest.fixture
def world() -> World:
    """A table and a view, one of them with a quote in a name."""
    world = World()
    world.add_json("t", {"n": "bigint", "it's": "map<string,string>"}, keys={"hour": "string"})
    world.catalog["lake"]["t"]["StorageDescriptor"]["Columns"].append({"Name": "s", "Type": "struct<a:int>"})
    world.run("CREATE VIEW v AS SELECT 1 AS one")
    return world


def test_tables(world: World) -> None:
    """Tables and views of all databases."""
    found = world.rows("SELECT * FROM information_schema.tables ORDER BY table_name")
    assert found == [["awsdatacatalog", "lake", "t", "BASE TABLE"], ["awsdatacatalog", "lake", "v", "VIEW"]]
    assert world.rows("SELECT schema_name FROM awsdatacatalog.information_schema.schemata") == [["lake"]]


def test_columns(world: World) -> None:
    """Columns by their places and Trino's types, those of partitions last; a type that is not known as Glue has it."""
    wanted = "column_name, ordinal_position, data_type, extra_info"
    where = "table_schema = 'lake' AND table_name = 't'"
    found = world.rows(f"SELECT {wanted} FROM information_schema.columns WHERE {where} ORDER BY 2")
    assert found == [
        ["n", "1", "bigint", None],
        ["it's", "2", "map(varchar, varchar)", None],
        ["s", "3", "struct<a:int>", None],
        ["hour", "4", "varchar", "partition key"],
    ]


def test_an_empty_catalog() -> None:
    """No tables are no rows, and another table is refused."""
    world = World()
    assert world.rows("SELECT * FROM information_schema.columns") == []
    assert "information_schema.views" in world.failure("SELECT * FROM information_schema.views")
