"""The manifest is the commit: it is believed if the bucket agrees with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.exports.manifest import (
    NOTHING,
    File,
    Manifest,
    Mismatch,
    object_key,
    verify,
)

RESULTS = "metrics/2026-11-22/02/20261122T031500-1/results/"
FILES = st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**6)), max_size=6).map(
    lambda sizes: tuple(
        File(f"{RESULTS}{index}.parquet", size, rows) for index, (size, rows) in enumerate(sizes)
    )
)


@given(FILES)
def test_a_manifest_that_agrees_is_verified(files: tuple[File, ...]) -> None:
    """Files, sizes and rows as listed and reported pass, in any order."""
    manifest = Manifest(files, sum(file.rows for file in files))
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


@pytest.mark.parametrize("url", ["s3://exports/", "https://exports/a", "s3://exports-2/a", ""])
def test_an_object_of_another_bucket_is_a_mismatch(url: str) -> None:
    """Addresses lead into our bucket or nowhere."""
    with pytest.raises(Mismatch, match="not an object of exports"):
        object_key(url, "exports")
