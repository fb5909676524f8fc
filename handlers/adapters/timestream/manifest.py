"""The manifest that Timestream writes when an UNLOAD is done."""

import json
from collections.abc import Mapping
from typing import Any

from handlers.domain.exports.manifest import File, Manifest, Mismatch, object_key
from handlers.domain.exports.ports import ExportBucket


def read_manifest(text: bytes, bucket: ExportBucket) -> Manifest:
    """The manifest in an object; `Mismatch` when it is none, or does not agree with itself.

    https://docs.aws.amazon.com/timestream/latest/developerguide/export-unload-concepts.html
    """
    try:
        document = json.loads(text)
        files = tuple(_file(entry, bucket.name) for entry in document["result_files"])
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


def _file(entry: Mapping[str, Any], bucket: str) -> File:
    metadata = entry["file_metadata"]
    return File(
        object_key(entry["url"], bucket), int(metadata["content_length_in_bytes"]), int(metadata["row_count"])
    )
