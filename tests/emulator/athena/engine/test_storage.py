"""Objects are decoded by their table's SerDe, and kept while there is room."""

import bz2

import pytest

from emulator.athena.engine import storage
from tests.support.athena_world import World


@pytest.fixture
def world() -> World:
    """A table of JSON lines in two objects."""
    world = World()
    world.add_json("t", {"n": "bigint"})
    world.put_lines("t/a.gz", {"n": 1})
    world.put_lines("t/b", {"n": 2})
    return world


def test_compression_goes_by_the_name(world: World) -> None:
    """Gzip and bzip2 are told by the end of the key."""
    world.bodies["data", "t/c.json.bz2"] = bz2.compress(b'{"n": 3}\n')
    assert world.rows("SELECT n FROM t ORDER BY n") == [["1"], ["2"], ["3"]]


@pytest.mark.parametrize(
    ("key", "body", "message"),
    [
        ("t/c.gz", b'{"n": 3}', "Failed to read file at s3://data/t/c.gz: "),
        ("t/c.gz", b"\x1f\x8b\x08\x00", "Failed to read file at s3://data/t/c.gz: "),
        ("t/c.zst", b"x", "Failed to read file at s3://data/t/c.zst: compression .zst is not supported"),
        (
            "t/c",
            b'{"n": "x"}',
            "Failed to read file at s3://data/t/c: column n: Current token ('x') not numeric",
        ),
    ],
)
def test_what_cannot_be_decoded(world: World, key: str, body: bytes, message: str) -> None:
    """The query fails and names the object and the reason."""
    world.bodies["data", key] = body
    assert world.failure("SELECT * FROM t").startswith(f"HIVE_CURSOR_ERROR: {message}")


def test_tables_of_other_forms(world: World) -> None:
    """A SerDe that is not known is refused by name; a table without one in Athena's words."""
    described = world.catalog["lake"]["t"]
    described["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] = "org.openx.data.jsonserde.JsonSerDe"
    refusal = "NOT_SUPPORTED: this emulator does not have SerDe org.openx.data.jsonserde.JsonSerDe"
    assert world.failure("SELECT * FROM t") == refusal
    del described["StorageDescriptor"]["InputFormat"]
    assert world.failure("SELECT * FROM t") == "HIVE_UNSUPPORTED_FORMAT: Unable to create input format"
    described["StorageDescriptor"]["Columns"].append({"Name": "s", "Type": "struct<a:int>"})
    assert "Column 's' is of the unsupported type struct<a:int>" in world.failure("SELECT 1 FROM t")


def test_what_is_kept_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the room the object that was longest not asked for goes, and is read again when it is wanted."""
    monkeypatch.setattr(storage, "MAX_OBJECTS", 2)
    world.rows("SELECT * FROM t")
    world.put_lines("t/c", {"n": 3})
    world.rows("SELECT * FROM t")
    world.reads.clear()
    world.rows("""SELECT * FROM t WHERE n > 0""")
    assert world.reads == ["t/a.gz", "t/b", "t/c"]
    monkeypatch.setattr(storage, "MAX_BYTES", 0)
    assert len(world.rows("SELECT * FROM t")) == 3


def test_other_columns_are_read_anew(world: World) -> None:
    """A table that has a column more reads its objects once more for it."""
    world.put_lines("t/b", {"n": 2, "late": "x"})
    world.rows("SELECT * FROM t")
    world.catalog["lake"]["t"]["StorageDescriptor"]["Columns"].append({"Name": "late", "Type": "string"})
    assert world.rows("SELECT late FROM t ORDER BY n") == [[None], ["x"]]
