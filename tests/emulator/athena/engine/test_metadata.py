"""SHOW and DESCRIBE in the form that Athena gives them."""

import pytest

from tests.support.athena_world import HOURS, World


@pytest.fixture
def world() -> World:
    """Two tables and a view."""
    world = World()
    world.catalog["Other"] = {}
    world.add_json("hot", {"name": "string", "n": "bigint"}, keys={"hour": "string"}, parameters=HOURS)
    world.add_parquet("cold", {"n": "bigint"}, keys={"a": "string", "b": "int"})
    world.add_partition("cold", ["x", "1"], "s3://data/x")
    world.add_view("both", "SELECT n FROM hot\nUNION ALL SELECT n FROM cold")
    return world


@pytest.mark.parametrize(
    ("sql", "word", "column", "values"),
    [
        ("SHOW DATABASES", "SHOW_DATABASES", "database_name", ["Other", "lake"]),
        ("show schemas like 'l*'", "SHOW_DATABASES", "database_name", ["lake"]),
        ("SHOW TABLES", "SHOW_TABLES", "tab_name", ["both", "cold", "hot"]),
        ("SHOW TABLES IN `other`", "SHOW_TABLES", "tab_name", []),
        ("SHOW TABLES IN lake '*o*|x'", "SHOW_TABLES", "tab_name", ["both", "cold", "hot"]),
        ("SHOW TABLES 'h.*'", "SHOW_TABLES", "tab_name", ["hot"]),
        ("SHOW VIEWS", "SHOW_VIEWS", "views", ["both"]),
        ("SHOW VIEWS IN lake LIKE 'x*'", "SHOW_VIEWS", "views", []),
        ("SHOW COLUMNS IN cold", "SHOW_COLUMNS", "field", ["n", "a", "b"]),
        ("SHOW COLUMNS FROM lake.both", "SHOW_COLUMNS", "field", ["n"]),
        ("SHOW COLUMNS FROM both IN lake", "SHOW_COLUMNS", "field", ["n"]),
        ("SHOW PARTITIONS cold", "SHOW_PARTITIONS", "partition", ["a=x/b=1"]),
        ("SHOW PARTITIONS `lake`.`hot`", "SHOW_PARTITIONS", "partition", []),
        (
            "SHOW CREATE VIEW both",
            "SHOW_CREATE_VIEW",
            "create view",
            ["CREATE VIEW lake.both AS", "SELECT n FROM hot", "UNION ALL SELECT n FROM cold"],
        ),
    ],
)
def test_show(world: World, sql: str, word: str, column: str, values: list[str]) -> None:
    """One column of text."""
    outcome = world.run(sql)
    assert (outcome.statement.kind, outcome.statement.word) == ("UTILITY", word)
    assert [(c.name, c.type) for c in outcome.columns] == [(column, "string")]
    assert [str(row[0]).rstrip() for row in outcome.rows] == values
    if word == "SHOW_COLUMNS":
        assert {len(str(row[0])) for row in world.run(sql).rows} == {20}


def test_describe(world: World) -> None:
    """A row is one text with tabs in it; the partition columns come once more under a title."""
    outcome = world.run("DESCRIBE awsdatacatalog.lake.cold")
    assert [column.name for column in outcome.columns] == ["col_name", "data_type", "comment"]
    lines = [str(row[0]) for row in outcome.rows]
    assert lines[0] == "n                   \tbigint              \t                    "
    assert lines[3:] == [
        "\t \t ",
        "# Partition Information\t \t ",
        "\t".join(title.ljust(20) for title in ("# col_name", "data_type", "comment")),
        "\t \t ",
        *lines[1:3],
    ]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SHOW TABLES IN nowhere", "SCHEMA_NOT_FOUND: line 1:1: Schema 'nowhere' does not exist"),
        ("SHOW TABLES '('", "line 1:"),
        (
            "SHOW COLUMNS FROM nope",
            "TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.lake.nope' does not exist",
        ),
        ("SHOW COLUMNS nope", "line 1:"),
        ("DESCRIBE nope", "TABLE_NOT_FOUND: "),
        ("DESCRIBE EXTENDED hot", "NOT_SUPPORTED: line 1:10: this emulator does not have DESCRIBE EXTENDED"),
        ("DESCRIBE a.b.c.d", "line 1:"),
        ("DESCRIBE x.lake.hot", "Catalog 'x' does not exist"),
        ("DESCRIBE hot extra", "line 1:14: mismatched input 'extra'"),
        ("SHOW PARTITIONS both", "FAILED: Execution Error"),
        ("SHOW CREATE VIEW hot", "FAILED: lake.hot is not a view"),
    ],
)
def test_what_is_refused(world: World, sql: str, message: str) -> None:
    """Names of nothing, and statements that go on."""
    assert world.failure(sql).startswith(message)
