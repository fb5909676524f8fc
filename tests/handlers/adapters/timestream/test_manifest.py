"""The manifest that Timestream writes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.adapters.timestream.manifest import read_manifest
from handlers.domain.exports.manifest import File, Manifest, Mismatch
from tests.support.export_ports import MemoryBucket, manifest_document

RESULTS = "metrics/2026-11-22/02/20261122T031500-1/results/"


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**6)), max_size=6))
def test_a_manifest_is_read_whole(sizes: list[tuple[int, int]]) -> None:
    """Every file with its key, size and rows."""
    files = tuple(File(f"{RESULTS}{index}.parquet", size, rows) for index, (size, rows) in enumerate(sizes))
    manifest = read_manifest(json.dumps(manifest_document(files)).encode(), MemoryBucket())
    assert manifest == Manifest(files, sum(rows for _, rows in sizes))


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b'{"result_files": [{}]}', b'{"result_files": [], "query_metadata": {}}'],
)
def test_what_is_no_manifest_is_a_mismatch(text: bytes) -> None:
    """A broken manifest is a failed attempt, not a crash."""
    with pytest.raises(Mismatch, match="cannot be read"):
        read_manifest(text, MemoryBucket())


def test_a_manifest_must_agree_with_itself() -> None:
    """Totals that are not the sum of the files, or a file named twice, are a mismatch."""
    document = manifest_document((File(f"{RESULTS}a", 1, 2),))
    document["query_metadata"]["total_row_count"] = 3
    with pytest.raises(Mismatch, match="2 rows, its total says 3"):
        read_manifest(json.dumps(document).encode(), MemoryBucket())
    with pytest.raises(Mismatch, match="twice"):
        read_manifest(json.dumps(manifest_document((File("a", 1, 2),) * 2)).encode(), MemoryBucket())


def test_a_manifest_of_another_bucket_is_a_mismatch() -> None:
    """Addresses lead into our bucket or nowhere."""
    with pytest.raises(Mismatch, match="not an object of exports"):
        read_manifest(json.dumps(manifest_document((File("a", 1, 2),), "others")).encode(), MemoryBucket())
