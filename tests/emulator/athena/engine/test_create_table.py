"""CREATE TABLE AS leaves files, and a table of them that queries read."""

import pytest

from tests.support.athena_world import World


@pytest.fixture
def world() -> World:
    """A table of two rows."""
    world = World()
    world.add_json("t", {"name": "string", "n": "bigint"})
    world.put_lines("t/a", {"name": "é", "n": 1}, {"name": None, "n": 2})
    return world


@pytest.mark.parametrize(
    ("properties", "location"),
    [
        (
            "WITH (external_location = 's3://out/x', format = 'PARQUET', write_compression = 'SNAPPY')",
            "s3://out/x/",
        ),
        ("WITH (format = 'parquet', parquet_compression = 'ZSTD')", "s3://out/results/tables/q-1/"),
        ("WITH (format = 'JSON')", "s3://out/results/tables/q-1/"),
        ("", "s3://out/results/tables/q-1/"),
    ],
)
def test_the_table_is_read_as_the_query_was(world: World, properties: str, location: str) -> None:
    """Rows and types are those of the query, wherever the files are and whatever their form."""
    sql = f'CREATE TABLE "lake"."copy" {properties} AS SELECT n AS N, name, n * 1e0 AS x FROM t WHERE n > 0'
    outcome = world.run(sql, output="s3://out/results/")
    assert (outcome.statement.kind, outcome.statement.word) == ("DDL", "CREATE_TABLE_AS_SELECT")
    assert world.catalog["lake"]["copy"]["StorageDescriptor"]["Location"] == location
    assert [file.uri.startswith(location) and file.rows for file in outcome.unloaded or ()] == [2]
    copy = world.run("SELECT * FROM copy ORDER BY n")
    assert [(c.name, c.type) for c in copy.columns] == [("n", "bigint"), ("name", "varchar"), ("x", "double")]
    assert [list(row) for row in copy.rows] == [["1", "é", "1.0"], ["2", None, "2.0"]]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "CREATE TABLE t AS SELECT 1 AS a",
            "TABLE_ALREADY_EXISTS: line 1:1: Destination table",
        ),
        (
            "CREATE TABLE c WITH (format = 'ORC') AS SELECT 1 AS a",
            "CREATE TABLE format 'ORC' is not supported",
        ),
        (
            "CREATE TABLE c WITH (bucket_count = 4) AS SELECT 1 AS a",
            "CREATE TABLE property 'bucket_count' is not",
        ),
        ("CREATE TABLE c WITH (partitioned_by = ARRAY['a']) AS SELECT 1 AS a", "NOT_SUPPORTED: line 1:"),
        ("CREATE TABLE c AS SELECT 1 AS a WITH NO DATA", "line 1:"),
        ("CREATE TABLE c AS SELECT 1", "MISSING_COLUMN_NAME: "),
        (
            "CREATE TABLE c AS SELECT now() AS a",
            "NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with time zone",
        ),
        ("CREATE TABLE c AS SELECT n / 0 AS a FROM t", "DIVISION_BY_ZERO: "),
        (
            "CREATE TABLE c WITH (external_location = 's3://data/t/') AS SELECT 1 AS a",
            "HIVE_PATH_ALREADY_EXISTS: Target directory for table 'lake.c' already exists: s3://data/t/",
        ),
    ],
)
def test_what_is_refused(world: World, sql: str, message: str) -> None:
    """No table is left of a statement that fails."""
    assert world.failure(sql, output="s3://out/results/").startswith(message)
    assert "c" not in world.catalog["lake"]


def test_a_table_needs_a_place(world: World) -> None:
    """Without a place for results or of its own it is refused."""
    assert world.failure("CREATE TABLE c AS SELECT 1 AS a").startswith("CREATE TABLE needs a location")
