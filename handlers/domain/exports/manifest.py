"""The manifest an UNLOAD leaves when it is done, and whether what lies in the bucket is exactly what it says."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class File(NamedTuple):
    """One file of a dataset."""

    key: str
    bytes: int
    rows: int


@dataclass(frozen=True)
class Manifest:
    """Which files an UNLOAD wrote."""

    files: tuple[File, ...]
    rows: int

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.bytes for file in self.files)


class Mismatch(Exception):  # noqa: N818 -- the domain's word: what was verified is not so
    """The files are not what the manifest says; the text names the first difference."""


NOTHING = Manifest((), 0)


def read_manifest(text: bytes, bucket: str) -> Manifest:
    """The manifest in an object; `Mismatch` when it is none, or does not agree with itself."""
    try:
        document = json.loads(text)
        files = tuple(_file(entry, bucket) for entry in document["result_files"])
        rows = int(document["query_metadata"]["total_row_count"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Mismatch(f"the manifest cannot be read: {type(error).__name__}") from error
    if sum(file.rows for file in files) != rows:
        raise Mismatch(
            f"the manifest's files have {sum(file.rows for file in files)} rows, its total says {rows}"
        )
    if len({file.key for file in files}) < len(files):
        raise Mismatch("the manifest names a file twice")
    return Manifest(files, rows)


def verify(manifest: Manifest, listing: Iterable[tuple[str, int]], results: str, rows: int) -> None:
    """Returns if the listing (key and size of every object below `results`) is exactly the manifest's files, and their
    rows are those that the query reported; raises `Mismatch` otherwise.
    """
    if manifest.rows != rows:
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


def _file(entry: Mapping[str, Any], bucket: str) -> File:
    metadata = entry["file_metadata"]
    return File(
        object_key(entry["url"], bucket), int(metadata["content_length_in_bytes"]), int(metadata["row_count"])
    )
