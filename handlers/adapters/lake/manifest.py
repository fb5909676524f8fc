"""The list of files that Athena writes of an UNLOAD: an address to a line. What is in them the files say themselves."""

from handlers.adapters.lake.parquet import row_count
from handlers.domain.exports.manifest import File, Manifest, Mismatch, object_key
from handlers.domain.exports.ports import ExportBucket


def read_manifest(content: bytes, bucket: ExportBucket) -> Manifest:
    """The files of a list in an object, with the rows that each says it has; `Mismatch` when it is no such list.

    Athena documents no number of rows of an UNLOAD: https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
    """
    try:
        lines = [line.strip().strip('"') for line in content.decode().splitlines()]
    except UnicodeDecodeError as error:
        raise Mismatch("the manifest is not text") from error
    keys = [object_key(line, bucket.name) for line in lines if line]
    if len(set(keys)) < len(keys):
        raise Mismatch("the manifest names a file twice")
    files = tuple(_file(key, bucket) for key in keys)
    return Manifest(files, sum(file.rows for file in files))


def _file(key: str, bucket: ExportBucket) -> File:
    rows, size = row_count(key, bucket)
    return File(key, size, rows)
