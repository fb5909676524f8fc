"""A query's rows as files in an empty place of S3, in the forms that Athena writes for Hive."""

import gzip
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import orjson
import pyarrow as pa
from pyarrow import parquet

from emulator.athena.engine import column_types, errors
from emulator.athena.engine.errors import athena_errors
from emulator.athena.engine.query import Prepared
from emulator.athena.outcome import QueryError, UnloadedFile
from emulator.athena.session import Session
from emulator.sql.bound import name, select
from emulator.sql.execution import duckdb_errors
from emulator.sql.timestamps import at
from emulator.sql.types import TIMESTAMP, UNKNOWN, Type

ROWS_PER_FILE = 1_000_000


@dataclass(frozen=True)
class Target:
    """The place that is written to, and the form of its files."""

    bucket: str
    prefix: str
    format: str
    compression: str

    @property
    def uri(self) -> str:
        """The place's address."""
        return f"s3://{self.bucket}/{self.prefix}"


def write(
    query: Prepared, columns: Sequence[tuple[str, Type]], target: Target, session: Session, table: str
) -> list[UnloadedFile]:
    """Write a query's rows; QueryError if the place is not empty, which it is said to be of a table.

    Files are written one after the other, so that one that fails leaves those before it, as Athena does.
    """
    if next(iter(session.objects.listed(target.bucket, target.prefix)), None) is not None:
        raise QueryError(
            f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{table}'"
            f" already exists: {target.uri}. You may need to manually clean the data at location '{target.uri}'"
            " before retrying. Athena will not delete data in your account.",
            2,
            errors.USER,
        )
    body_of = _WRITERS[target.format]
    moment = datetime.fromtimestamp(session.now_ns // 1_000_000_000, UTC).strftime("%Y%m%d_%H%M%S")
    run = f"{moment}_00001_{session.query_id[:5]}"
    files = []
    for rows in _batches(query, columns):
        body, ending = body_of(rows, target.compression)
        key = f"{target.prefix}{run}_{uuid.uuid4()}{ending}"
        session.objects.write(target.bucket, key, body)
        files.append(UnloadedFile(f"s3://{target.bucket}/{key}", len(body), rows.num_rows))
    return files


def columns_for_hive(query: Prepared) -> list[tuple[str, Type]]:
    """The columns of a query's rows in Hive; QueryError for one without a name, or of a type that it does not have."""
    columns: list[tuple[str, Type]] = []
    for position, column in enumerate(query.translation.columns, 1):
        if column.name is None:
            raise _refused("MISSING_COLUMN_NAME", f"Column name not specified at position {position}")
        if column.name.lower() in (known for known, _ in columns):
            raise _refused("DUPLICATE_COLUMN_NAME", f"Column name '{column.name}' specified more than once")
        if column.type is UNKNOWN:
            raise _refused("COLUMN_TYPE_UNKNOWN", f"Column type is unknown: {column.name}")
        try:
            column_types.hive(column.type)
        except column_types.UnknownTypeError as error:
            raise QueryError(
                f"NOT_SUPPORTED: Unsupported Hive type: {error}", 2, errors.NOT_SUPPORTED
            ) from error
        columns.append((column.name.lower(), column.type))
    return columns


def _refused(what: str, message: str) -> QueryError:
    return QueryError(f"{what}: line 1:1: {message}", 2, errors.SYNTAX)


def _batches(query: Prepared, columns: Sequence[tuple[str, Type]]) -> Iterator[pa.Table]:
    """The rows as tables of so many as a file has."""
    cells = [_stored(f"q.c{i}", kind, column) for i, (column, kind) in enumerate(columns)]
    schema = pa.schema([pa.field(column, column_types.arrow(kind)) for column, kind in columns])
    with query.run.cursor as cursor, athena_errors(), duckdb_errors():
        sql = at(select(cells, f"({query.translation.sql}) AS q"), query.run.session.now_ns)
        waiting: list[pa.RecordBatch] = []
        for batch in cursor.sql(sql).to_arrow_reader(ROWS_PER_FILE // 10):
            waiting.append(batch)
            if sum(part.num_rows for part in waiting) >= ROWS_PER_FILE:
                yield pa.Table.from_batches(waiting).cast(schema)
                waiting = []
        if any(part.num_rows for part in waiting):
            yield pa.Table.from_batches(waiting).cast(schema)


def _stored(sql: str, kind: Type, column: str) -> str:
    return f"{f'make_timestamp_ns({sql})' if kind is TIMESTAMP else sql} AS {name(column)}"


def _parquet(rows: pa.Table, compression: str) -> tuple[bytes, str]:
    """Timestamps are INT96, as Trino writes them for Hive."""
    body = BytesIO()
    parquet.write_table(rows, body, compression=compression.lower(), use_deprecated_int96_timestamps=True)
    return body.getvalue(), ""


def _json(rows: pa.Table, compression: str) -> tuple[bytes, str]:
    lines = b"".join(orjson.dumps(_plain(row)) + b"\n" for row in rows.to_pylist(maps_as_pydicts="strict"))
    return (gzip.compress(lines), ".gz") if compression == "GZIP" else (lines, "")


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {column: _json_value(value) for column, value in row.items()}


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"
    return value


_WRITERS: dict[str, Callable[[pa.Table, str], tuple[bytes, str]]] = {"PARQUET": _parquet, "JSON": _json}
