"""Views made and dropped by SQL."""

import pytest

from emulator.athena.engine import views
from tests.support.athena_world import World


@pytest.fixture
def world() -> World:
    """A table of one row."""
    world = World()
    world.catalog["other"] = {}
    world.add_json("t", {"Name": "string", "n": "bigint", "at": "timestamp", "dims": "map<string,string>"})
    world.put_lines("t/a", {"name": "a", "n": 1, "at": "2026-11-24 05:00:00", "dims": {"x": "y"}})
    return world


def test_a_view_is_kept_as_athena_keeps_it(world: World) -> None:
    """In Glue it is a table with its text in base64 and its columns in Hive's types; queries read it."""
    outcome = world.run("CREATE VIEW v AS SELECT name, n AS N2, at, dims FROM t -- all of it")
    assert (outcome.statement.kind, outcome.statement.word) == ("DDL", "CREATE_VIEW")
    described = world.catalog["lake"]["v"]
    assert described["TableType"] == "VIRTUAL_VIEW"
    assert described["Parameters"]["presto_view"] == "true"
    kinds = [(c["Name"], c["Type"]) for c in described["StorageDescriptor"]["Columns"]]
    assert kinds == [
        ("name", "string"),
        ("n2", "bigint"),
        ("at", "timestamp"),
        ("dims", "map<string,string>"),
    ]
    sql, database, columns = views.read(described)
    assert (sql, database) == ("SELECT name, n AS N2, at, dims FROM t", "lake")
    assert [str(kind) for _, kind in columns] == ["varchar", "bigint", "timestamp", "map(varchar, varchar)"]
    assert world.rows("SELECT n2, dims FROM lake.v") == [["1", "{x=y}"]]
    assert world.rows("SELECT n2 FROM lake.v", database="other") == [["1"]]


def test_a_view_is_replaced_only_when_that_is_said(world: World) -> None:
    """CREATE refuses a name that is taken; OR REPLACE takes a view's, never a table's."""
    world.run("CREATE VIEW lake.v AS SELECT n FROM t")
    taken = "TABLE_ALREADY_EXISTS: line 1:1: View 'awsdatacatalog.lake.v' already exists"
    assert world.failure("CREATE VIEW v AS SELECT 2 AS n") == taken
    world.run("CREATE OR REPLACE VIEW v AS SELECT n + 1 AS n FROM t")
    assert world.rows("SELECT n FROM v") == [["2"]]
    assert "Table 'awsdatacatalog.lake.t' already" in world.failure(
        "CREATE OR REPLACE VIEW t AS SELECT 2 AS n"
    )


def test_a_view_is_dropped(world: World) -> None:
    """A view that is not there is an error, unless IF EXISTS says otherwise; tables are none."""
    world.run("CREATE VIEW v AS SELECT n FROM t")
    world.run("DROP VIEW `v`")
    assert (
        world.failure("DROP VIEW v")
        == "TABLE_NOT_FOUND: line 1:1: View 'awsdatacatalog.lake.v' does not exist"
    )
    assert world.run("DROP VIEW IF EXISTS lake.v").statement.word == "DROP_VIEW"
    assert world.failure("DROP VIEW t") == "lake.t is a table, not a view"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT now() AS t", "NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with time zone"),
        ("SELECT n + 1 FROM t", "MISSING_COLUMN_NAME: "),
        ("SELECT nope FROM t", "COLUMN_NOT_FOUND: line 1:25: Column 'nope' cannot be resolved"),
        ("", "line 1:18: mismatched input '<EOF>'"),
        ("SELECT FROM t", "line 1:25: mismatched input 'FROM'"),
    ],
)
def test_a_view_that_is_wrong(world: World, query: str, message: str) -> None:
    """It is refused when it is made, and is not there after it."""
    assert world.failure(f"CREATE VIEW v AS {query}").startswith(message)
    assert "v" not in world.catalog["lake"]
