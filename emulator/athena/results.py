"""Results: written to S3 in the caller's name as a query ends, and read from there page by page.

https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any

from botocore.exceptions import ClientError

from emulator.athena.caller import S3_NOT_ALLOWED, Body, CallersObjects, failed
from emulator.athena.column_info import metadata
from emulator.athena.executions import Execution
from emulator.athena.outcome import Outcome, QueryError, ResultColumn, UnloadedFile
from emulator.athena.refusals import RefusedError, invalid
from emulator.athena.result_files import Row, csv_lines, csv_page, text_lines, text_page

# A result is written out before its query has succeeded, and need not fit into memory for that.
_IN_MEMORY_BYTES = 8 * 1024 * 1024
_ROWS = (ResultColumn("rows", "bigint"),)


def put_arguments(result: Mapping[str, Any]) -> dict[str, str]:
    """The arguments of PutObject that a result configuration stands for."""
    encryption = result.get("EncryptionConfiguration", {})
    arguments = {}
    if encryption.get("EncryptionOption") == "SSE_S3":
        arguments["ServerSideEncryption"] = "AES256"
    elif encryption.get("EncryptionOption") == "SSE_KMS":
        arguments = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": encryption.get("KmsKey", "")}
    if "ExpectedBucketOwner" in result:
        arguments["ExpectedBucketOwner"] = result["ExpectedBucketOwner"]
    return arguments


def write_result(execution: Execution, outcome: Outcome, objects: CallersObjects) -> None:
    """Put the result, and what lies beside it, where the query's output is. Raises QueryError."""
    if outcome.unloaded is not None:
        _write_manifest(execution, outcome.unloaded, objects)
        return
    execution.columns = outcome.columns
    with SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
        rows = _counted(execution, outcome.rows)
        if outcome.statement.kind == "DML":
            file.writelines(csv_lines((column.name for column in outcome.columns), rows))
        else:
            file.writelines(text_lines(rows))
        execution.output_bytes = file.tell()
        file.seek(0)
        _put(objects, execution.output, file)
    if outcome.statement.kind != "DDL":
        execution.update_count = 0
    if outcome.columns:
        _put(objects, f"{execution.output}.metadata", metadata(execution.id, outcome.columns))


def _counted(execution: Execution, rows: Iterable[Row]) -> Iterator[Row]:
    """The same rows, counted as they go."""
    for row in rows:
        execution.output_rows += 1
        yield row


def _write_manifest(execution: Execution, files: Sequence[UnloadedFile], objects: CallersObjects) -> None:
    """List the files that were written: an address a line, no line for no file."""
    rows = sum(file.rows for file in files)
    execution.columns, execution.update_count = _ROWS, rows
    execution.output_rows, execution.output_bytes = rows, sum(file.size for file in files)
    manifest = f"{execution.output}-manifest.csv"
    _put(objects, manifest, "".join(f"{file.uri}\n" for file in files).encode())
    execution.manifest = manifest
    _put(objects, f"{execution.output}.metadata", metadata(execution.id, _ROWS, rows))


def _put(objects: CallersObjects, place: str, body: Body) -> None:
    """Write one file; what S3 refuses is told as Athena tells it of results."""
    try:
        objects.write(*_parts(place), body)
    except QueryError as error:
        message = f"Failed to write query results to Amazon S3: {error.message}"
        if error.type == S3_NOT_ALLOWED:
            message = (
                f"Access denied when writing output to url: {place} . Please ensure you are allowed to access the S3 "
                "bucket. If you are encrypting query results with KMS key, please ensure you are allowed to access "
                "your KMS key"
            )
        raise QueryError(message, error.category, error.type) from error


def read_page(client: Any, execution: Execution, offset: int, most: int) -> tuple[list[Row], int | None]:
    """At most so many rows of a result, and the place of the next one; the names of columns are a SELECT's first.

    Raises RefusedError when the file is gone, or not for the caller.
    """
    if execution.lists_files:
        return [], None
    bucket, key = _parts(execution.output)

    def read(place: int, length: int) -> bytes:
        answer = client.get_object(Bucket=bucket, Key=key, Range=f"bytes={place}-{place + length - 1}")
        content: bytes = answer["Body"].read()
        return content

    page = csv_page if execution.asked.statement.kind == "DML" else text_page
    try:
        size = client.head_object(Bucket=bucket, Key=key)["ContentLength"]
        return page(read, size, offset, most)
    except ClientError as error:
        raise _unreadable(error, bucket, key) from error


def _unreadable(error: ClientError, bucket: str, key: str) -> RefusedError:
    if error.response["Error"]["Code"] in {"404", "NoSuchBucket", "NoSuchKey"}:
        return invalid("Could not find results", "RESULT_NOT_FOUND")
    return invalid(failed(error, bucket, key).message)


def _parts(place: str) -> tuple[str, str]:
    bucket, _, key = place.removeprefix("s3://").partition("/")
    return bucket, key
