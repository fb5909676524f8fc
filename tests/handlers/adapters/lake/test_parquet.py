"""Rows of Parquet files, as other software writes them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.adapters.lake.parquet import row_count
from handlers.domain.exports.manifest import Mismatch
from tests.support.export_ports import MemoryBucket
from tests.support.parquet_files import parquet_file


def bucket_of(content: bytes) -> MemoryBucket:
    """A bucket of one file."""
    bucket = MemoryBucket()
    bucket.objects["a.parquet"] = content
    return bucket


@settings(max_examples=30)
@given(st.integers(0, 20_000), st.integers(1, 20), st.sampled_from([None, 300, 7000]))
def test_a_file_has_the_rows_that_were_written(rows: int, columns: int, group: int | None) -> None:
    """In one group of rows or in many, none of them included."""
    content = parquet_file(rows, columns, group)
    assert row_count("a.parquet", bucket_of(content)) == (rows, len(content))


def test_metadata_longer_than_the_first_look_are_read_whole() -> None:
    """Hundreds of dimensions and many groups of rows."""
    content = parquet_file(2000, 250, 50)
    assert int.from_bytes(content[-8:-4], "little") > 200_000
    assert row_count("a.parquet", bucket_of(content)) == (2000, len(content))


@pytest.mark.parametrize(
    "content",
    [b"", b"PAR1", b"{}", parquet_file(3)[:-1], parquet_file(3)[-20:], b"\0" * 50 + b"\x30\0\0\0PAR1"],
)
def test_what_is_no_whole_file_is_a_mismatch(content: bytes) -> None:
    """The attempt fails, whatever lies there."""
    with pytest.raises(Mismatch, match=r"a\.parquet"):
        row_count("a.parquet", bucket_of(content))
