"""Runs an UNLOAD: rows stream from the query into files, files go to S3, and the manifest comes last."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import duckdb
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.handlers import add_expect_header

from emulator.sql import Catalog, Result, Translation
from emulator.sql.execution import duckdb_errors
from emulator.sql.timestamps import at
from emulator.sql.translation import translate_part
from emulator.sql.types import BIGINT, VARCHAR, shape
from emulator.timestream.dialect import TIMESTREAM
from emulator.timestream.errors import AccessDeniedException, QueryExecutionException, ValidationException
from emulator.timestream.unload.export import Export, partition_folder, plan
from emulator.timestream.unload.files import CsvFile, File, Files, ParquetFile
from emulator.timestream.unload.options import Options, parse

MAX_PARTITIONS = 100
_BATCH = 65_536
_EXTENSIONS = {("CSV", "GZIP"): "gz", ("CSV", "NONE"): "csv"}
_COLUMNS = [
    {"Name": "rows", "Type": shape(BIGINT)},
    {"Name": "metadataFile", "Type": shape(VARCHAR)},
    {"Name": "manifestFile", "Type": shape(VARCHAR)},
]


@dataclass(frozen=True)
class UnloadTarget:
    """The S3 that UNLOAD writes to, and whether it is to fail on the way."""

    s3_endpoint: str | None
    region: str
    fail: bool = False


def run_unload(
    catalog: Catalog,
    cursor: duckdb.DuckDBPyConnection,
    query: str,
    now_ns: int,
    target: UnloadTarget | None,
    query_id: str,
) -> Result:
    """The one row that UNLOAD answers; it writes when that row is asked for."""
    inner, options = parse(query)
    translation = translate_part(catalog, query, inner, TIMESTREAM)
    export = plan(translation, options)
    if target is None:
        raise ValidationException("UNLOAD needs an S3 endpoint, and this server was started without one")
    unload = _Unload(translation, export, options, target, query_id or uuid.uuid4().hex.upper())
    return Result(_COLUMNS, unload.rows(cursor, at(export.sql, now_ns)))


@dataclass
class _Unload:
    """One run: what was written so far."""

    translation: Translation
    export: Export
    options: Options
    target: UnloadTarget
    query_id: str
    written: list[dict[str, Any]] = field(default_factory=list)

    def rows(self, cursor: duckdb.DuckDBPyConnection, sql: str) -> Iterator[Sequence[str]]:
        """Write everything, then yield the answer. What fails on the way leaves its files and no manifest."""
        self.client = _client(self.target)
        files = Files(self.options.max_file_size, self._open, self._send)
        try:
            with _s3_errors():
                self._write(cursor, sql, files)
                files.finish()
                if self.target.fail:
                    raise QueryExecutionException("UNLOAD failed while writing to S3")
                metadata, manifest = self._publish()
        finally:
            files.discard()
        total = sum(entry["file_metadata"]["row_count"] for entry in self.written)
        values = [{"ScalarValue": str(total)}, {"ScalarValue": metadata}, {"ScalarValue": manifest}]
        yield [json.dumps({"Data": values}, separators=(",", ":"))]

    def _write(self, cursor: duckdb.DuckDBPyConnection, sql: str, files: Files) -> None:
        with duckdb_errors():
            reader = cursor.sql(sql).to_arrow_reader(_BATCH)
            for batch in reader:
                for values, rows in self.export.split(batch):
                    files.add(values, rows)
                if len(files) > MAX_PARTITIONS:
                    raise ValidationException(f"UNLOAD writes at most {MAX_PARTITIONS} partitions")

    def _open(self, path: Path) -> File:
        if self.options.format == "PARQUET":
            return ParquetFile(path, self.export.schema(), self.options)
        return CsvFile(path, self.export.header, self.options)

    def _send(self, path: Path, rows: int, values: Sequence[str | None]) -> None:
        extension = _EXTENSIONS.get((self.options.format, self.options.compression), "parquet")
        folders = [
            partition_folder(name, value)
            for name, value in zip(self.options.partitioned_by, values, strict=True)
        ]
        key = self.options.key("results", *folders, f"{self.query_id}_{uuid.uuid4().hex}.{extension}")
        size = path.stat().st_size
        with path.open("rb") as body:
            arguments = self.options.upload_arguments()
            self.client.upload_fileobj(body, self.options.bucket, key, ExtraArgs=arguments)
        self.written.append(
            {"url": self._url(key), "file_metadata": {"content_length_in_bytes": size, "row_count": rows}}
        )

    def _publish(self) -> tuple[str, str]:
        """Write the metadata, then the manifest: once that is there, everything is."""
        name = f"{self.query_id}_{uuid.uuid4()}"
        sizes = [entry["file_metadata"] for entry in self.written]
        metadata = {
            "ColumnInfo": self.translation.column_info(),
            "Author": {"Name": "Amazon Timestream", "MetadataFileVersion": "1.0"},
        }
        manifest = {
            "result_files": self.written,
            "query_metadata": {
                "total_content_length_in_bytes": sum(size["content_length_in_bytes"] for size in sizes),
                "total_row_count": sum(size["row_count"] for size in sizes),
                "result_format": self.options.format,
                "result_version": "Amazon Timestream version 1.0.0",
            },
            "author": {"name": "Amazon Timestream", "manifest_file_version": "1.0"},
        }
        return self._put(f"{name}_metadata.json", metadata), self._put(f"{name}_manifest.json", manifest)

    def _put(self, name: str, content: dict[str, Any]) -> str:
        key = self.options.key(name)
        body = json.dumps(content, ensure_ascii=False).encode()
        self.client.put_object(
            Bucket=self.options.bucket, Key=key, Body=body, **self.options.upload_arguments()
        )
        return self._url(key)

    def _url(self, key: str) -> str:
        return f"s3://{self.options.bucket}/{key}"


def _client(target: UnloadTarget) -> Any:
    client = boto3.client(
        "s3",
        endpoint_url=target.s3_endpoint,
        region_name=target.region,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - the local S3 takes any
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2, "mode": "standard"}),
    )
    # Otherwise each file waits a second for a `100 Continue` that a simple server never sends.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client


@contextmanager
def _s3_errors() -> Iterator[None]:
    """Raise what S3 answers as Timestream reports it."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in ("AccessDenied", "403"):
            raise AccessDeniedException("UNLOAD may not write to the S3 bucket") from error
        raise ValidationException(f"UNLOAD cannot write to the S3 bucket: {code}") from error
    except BotoCoreError as error:
        raise QueryExecutionException("UNLOAD could not reach S3") from error
