"""The list of files that Athena writes of an UNLOAD."""

import pytest

from handlers.adapters.lake.manifest import read_manifest
from handlers.domain.exports.manifest import NOTHING, File, Manifest, Mismatch
from tests.support.export_ports import MemoryBucket
from tests.support.parquet_files import parquet_file


def test_files_are_listed_and_say_their_rows_themselves() -> None:
    """An address to a line; sizes and rows are those of the objects."""
    bucket = MemoryBucket()
    bucket.objects |= {"r/a": parquet_file(3), "r/b": parquet_file(4)}
    files = tuple(File(key, len(bucket.objects[key]), rows) for key, rows in (("r/a", 3), ("r/b", 4)))
    assert read_manifest(b's3://exports/r/a\n"s3://exports/r/b"\n', bucket) == Manifest(files, 7)


def test_an_unload_of_nothing_lists_nothing() -> None:
    """Of no rows Athena writes no file."""
    assert read_manifest(b"", MemoryBucket()) == NOTHING


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"s3://others/r/a", "not an object of exports"),
        (b"{}", "not an object of exports"),
        (b"\xff", "not text"),
        (b"s3://exports/r/a\ns3://exports/r/a", "twice"),
        (b"s3://exports/r/z", "r/z is in the manifest and not in the bucket"),
    ],
)
def test_what_is_no_list_of_our_files_is_a_mismatch(content: bytes, fault: str) -> None:
    """Nothing is published of it."""
    bucket = MemoryBucket()
    bucket.objects["r/a"] = parquet_file(1)
    with pytest.raises(Mismatch, match=fault):
        read_manifest(content, bucket)
