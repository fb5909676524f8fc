"""UNLOAD and CREATE TABLE AS write a query's rows into an empty place, and nothing else."""

import gzip
import io
import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from emulator.athena.engine import files as written
from tests.support.athena_world import World

PARQUET = "WITH (format = 'PARQUET', compression = 'SNAPPY')"


@pytest.fixture
def world() -> World:
    """Three rows."""
    world = World()
    world.add_json("t", {"name": "string", "n": "bigint", "at": "timestamp", "dims": "map<string,string>"})
    lines = [
        {"name": f"é{n}", "n": n, "at": "2026-11-24 05:00:00.123", "dims": {"A": str(n)}} for n in range(3)
    ]
    world.put_lines("t/a", *lines)
    return world


def test_parquet(world: World) -> None:
    """Columns by their names in small letters, timestamps as INT96, the compression that was asked for."""
    outcome = world.run(
        f"UNLOAD (SELECT name, n AS Number, at, dims, date(at) AS day FROM t ORDER BY n) TO 's3://out/x/' {PARQUET}"
    )
    assert (outcome.statement.kind, outcome.statement.word) == ("DML", "UNLOAD")
    (file,) = outcome.unloaded or ()
    bucket, _, key = file.uri.removeprefix("s3://").partition("/")
    body = world.bodies[bucket, key]
    assert (file.size, file.rows, outcome.scanned_bytes) == (len(body), 3, len(world.bodies["data", "t/a"]))
    assert key.startswith("x/20261125_211000_")
    metadata = parquet.ParquetFile(io.BytesIO(body)).metadata
    assert [metadata.row_group(0).column(i).path_in_schema for i in (0, 1, 2)] == ["name", "number", "at"]
    assert metadata.row_group(0).column(2).physical_type == "INT96"
    assert metadata.row_group(0).column(0).compression == "SNAPPY"
    table = parquet.read_table(io.BytesIO(body))
    assert table.column("number").to_pylist() == [0, 1, 2]
    assert table.schema.field("day").type == pa.date32()
    world.add_parquet(
        "copy", {"name": "string", "number": "bigint", "at": "timestamp", "dims": "map<string,string>"}
    )
    world.bodies["data", "copy/x"] = body
    assert world.rows("SELECT name, at, dims FROM copy WHERE number = 2") == [
        ["é2", "2026-11-24 05:00:00.123", "{A=2}"]
    ]


def test_json(world: World) -> None:
    """A line for each row, gzipped if nothing else is asked."""
    for place, options, unpack in (("a", "", gzip.decompress), ("b", ", compression = 'NONE'", bytes)):
        (file,) = (
            world.run(
                f"UNLOAD (SELECT n, at, dims FROM t) TO 's3://out/{place}' WITH (format='JSON'{options})"
            ).unloaded
            or ()
        )
        body = unpack(world.bodies["out", file.uri.removeprefix("s3://out/")])
        assert [json.loads(line)["n"] for line in body.splitlines()] == [0, 1, 2]
        assert json.loads(body.splitlines()[1]) == {
            "n": 1,
            "at": "2026-11-24 05:00:00.123",
            "dims": {"A": "1"},
        }


def test_no_rows_are_no_files(world: World) -> None:
    """A query without rows writes nothing."""
    assert world.run(f"UNLOAD (SELECT * FROM t WHERE n > 5) TO 's3://out/x/' {PARQUET}").unloaded == []


def test_many_rows_are_several_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file has so many rows at most, and all rows are written."""
    monkeypatch.setattr(written, "ROWS_PER_FILE", 1_000)
    numbers = "SELECT a.n FROM t a CROSS JOIN UNNEST(sequence(1, 1000)) AS s(i)"
    files = world.run(f"UNLOAD ({numbers}) TO 's3://out/x/' {PARQUET}").unloaded or ()
    assert len(files) > 1
    assert sum(file.rows for file in files) == 3_000


def test_the_place_must_be_empty(world: World) -> None:
    """A place with an object in it is refused before anything is written."""
    world.bodies["out", "x/old"] = b""
    message = world.failure(f"UNLOAD (SELECT * FROM t) TO 's3://out/x/' {PARQUET}")
    assert message.startswith("HIVE_PATH_ALREADY_EXISTS: Target directory for table 'lake.")
    assert [key for bucket, key in world.bodies if bucket == "out"] == ["x/old"]
    assert world.run(f"UNLOAD (SELECT n FROM t) TO 's3://out/x/y/' {PARQUET}").unloaded


@pytest.mark.parametrize(
    ("query", "target", "message"),
    [
        ("SELECT now() AS t", PARQUET, "NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with time zone"),
        (
            "SELECT n + 1 FROM t",
            PARQUET,
            "MISSING_COLUMN_NAME: line 1:1: Column name not specified at position 1",
        ),
        (
            "SELECT n, n FROM t",
            PARQUET,
            "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'n' specified more than once",
        ),
        ("SELECT NULL AS x", PARQUET, "COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown: x"),
        ("SELECT nope FROM t", PARQUET, "COLUMN_NOT_FOUND: line 1:16: Column 'nope' cannot be resolved"),
        ("SELECT n FROM t", "WITH (format = 'ORC')", "UNLOAD format 'ORC' is not supported"),
        (
            "SELECT n FROM t",
            "WITH (format = 'JSON', compression = 'LZ4')",
            "UNLOAD compression 'LZ4' of JSON",
        ),
        ("SELECT n FROM t", "WITH (format = 'JSON', partitioned_by = ARRAY['n'])", "NOT_SUPPORTED: line 1:"),
        (
            "SELECT n FROM t",
            "WITH (format = 'JSON', field_delimiter = ',')",
            "UNLOAD property 'field_delimiter'",
        ),
        ("SELECT n FROM t", "", "line 1:"),
        ("SELECT n / 0 AS x FROM t", PARQUET, "DIVISION_BY_ZERO: Division by zero"),
    ],
)
def test_what_is_refused(world: World, query: str, target: str, message: str) -> None:
    """Columns that Hive does not have, and options that are not supported, by name; nothing is written."""
    assert world.failure(f"UNLOAD ({query}) TO 's3://out/x/' {target}").startswith(message)
    assert not [key for bucket, key in world.bodies if bucket == "out"]
