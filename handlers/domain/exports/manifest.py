"""The manifest of a finished UNLOAD, held against the files in the bucket."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class File(NamedTuple):
    """One file of a dataset."""

    key: str
    bytes: int
    rows: int


@dataclass(frozen=True)
class Manifest:
    """The files that an UNLOAD wrote."""

    files: tuple[File, ...]
    rows: int

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.bytes for file in self.files)


class Mismatch(Exception):  # noqa: N818 -- the state machine and its operators read this name
    """The files are not what the manifest says; the text names the first difference."""


NOTHING = Manifest((), 0)


def verify(manifest: Manifest, listing: Iterable[tuple[str, int]], results: str, rows: int | None) -> None:
    """Holds the manifest against the listing (key and size of every object below `results`) and the rows reported.

    `Mismatch` unless the listing is exactly the manifest's files, and their rows are those that the query reported, if
    it did.
    """
    if rows is not None and manifest.rows != rows:
        raise Mismatch(f"the query reported {rows} rows, its manifest has {manifest.rows}")
    awaited = {file.key: file.bytes for file in manifest.files}
    for key in awaited:
        if not key.startswith(results):
            raise Mismatch(f"{key} is not below {results}")
    for key, size in listing:
        if key not in awaited:
            raise Mismatch(f"{key} is not in the manifest")
        if awaited.pop(key) != size:
            raise Mismatch(f"{key} has {size} bytes, which is not what the manifest says")
    if awaited:
        raise Mismatch(f"{min(awaited)} is in the manifest and not in the bucket")


def object_key(url: str, bucket: str) -> str:
    """The key of an object of this bucket by its s3:// address; `Mismatch` if it is another's."""
    start = f"s3://{bucket}/"
    if not url.startswith(start) or len(url) == len(start):
        raise Mismatch(f"{url[:200]} is not an object of {bucket}")
    return url[len(start) :]
