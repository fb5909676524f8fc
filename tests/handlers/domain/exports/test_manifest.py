"""The manifest is the commit: what it takes to believe it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.exports.manifest import (
    NOTHING,
    File,
    Manifest,
    Mismatch,
    object_key,
    read_manifest,
    verify,
)

RESULTS = "metrics/2026-11-22/02/20261122T031500-1/results/"
FILES = st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**6)), max_size=6).map(
    lambda sizes: tuple(
        File(f"{RESULTS}{index}.parquet", size, rows) for index, (size, rows) in enumerate(sizes)
    )
)


def manifest_document(files: tuple[File, ...], bucket: str = "exports") -> dict[str, Any]:
    """A manifest as Timestream writes it."""
    return {
        "result_files": [
            {
                "url": f"s3://{bucket}/{file.key}",
                "file_metadata": {"content_length_in_bytes": file.bytes, "row_count": file.rows},
            }
            for file in files
        ],
        "query_metadata": {
            "total_content_length_in_bytes": sum(file.bytes for file in files),
            "total_row_count": sum(file.rows for file in files),
            "result_format": "PARQUET",
            "result_version": "Amazon Timestream version 1.0.0",
        },
        "author": {"name": "Amazon Timestream", "manifest_file_version": "1.0"},
    }


@given(FILES)
def test_a_manifest_that_agrees_is_verified(files: tuple[File, ...]) -> None:
    """Files, sizes and rows as listed and reported pass, in any order."""
    manifest = read_manifest(json.dumps(manifest_document(files)).encode(), "exports")
    assert manifest == Manifest(files, sum(file.rows for file in files))
    verify(manifest, [(file.key, file.bytes) for file in reversed(files)], RESULTS, manifest.rows)


@given(FILES.filter(bool), st.data())
def test_any_single_difference_is_found(files: tuple[File, ...], data: st.DataObject) -> None:
    """A file missing, one too many, one of another size, one row more: each is a mismatch."""
    manifest = Manifest(files, sum(file.rows for file in files))
    listing = [(file.key, file.bytes) for file in files]
    place = data.draw(st.integers(0, len(files) - 1))
    missing = listing[:place] + listing[place + 1 :]
    extra = [*listing, (f"{RESULTS}extra.parquet", 1)]
    longer = [(key, size + (index == place)) for index, (key, size) in enumerate(listing)]
    for wrong in (missing, extra, longer):
        with pytest.raises(Mismatch):
            verify(manifest, wrong, RESULTS, manifest.rows)
    with pytest.raises(Mismatch, match="reported"):
        verify(manifest, listing, RESULTS, manifest.rows + 1)


def test_files_of_another_attempt_are_refused() -> None:
    """A manifest that names a file outside of the attempt's results is not its manifest."""
    with pytest.raises(Mismatch, match="not below"):
        verify(
            Manifest((File("metrics/other/results/a", 1, 1),), 1),
            [("metrics/other/results/a", 1)],
            RESULTS,
            1,
        )


def test_nothing_is_verified_by_an_empty_listing_only() -> None:
    """An hour without points has no files, and any that lie there are too many."""
    verify(NOTHING, [], RESULTS, 0)
    with pytest.raises(Mismatch, match="not in the manifest"):
        verify(NOTHING, [(f"{RESULTS}a", 1)], RESULTS, 0)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b'{"result_files": [{}]}', b'{"result_files": [], "query_metadata": {}}'],
)
def test_what_is_no_manifest_is_a_mismatch(text: bytes) -> None:
    """A broken manifest is a failed attempt, not a crash."""
    with pytest.raises(Mismatch, match="cannot be read"):
        read_manifest(text, "exports")


def test_a_manifest_must_agree_with_itself() -> None:
    """Totals that are not the sum of the files, or a file named twice, are a mismatch."""
    document = manifest_document((File(f"{RESULTS}a", 1, 2),))
    document["query_metadata"]["total_row_count"] = 3
    with pytest.raises(Mismatch, match="2 rows, its total says 3"):
        read_manifest(json.dumps(document).encode(), "exports")
    with pytest.raises(Mismatch, match="twice"):
        read_manifest(json.dumps(manifest_document((File("a", 1, 2),) * 2)).encode(), "exports")


def test_a_manifest_of_another_bucket_is_a_mismatch() -> None:
    """Addresses lead into our bucket or nowhere."""
    with pytest.raises(Mismatch, match="not an object of exports"):
        read_manifest(json.dumps(manifest_document((File("a", 1, 2),), "others")).encode(), "exports")
    for url in ("s3://exports/", "https://exports/a", "s3://exports-2/a", ""):
        with pytest.raises(Mismatch):
            object_key(url, "exports")
