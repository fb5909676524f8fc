"""Tables of DuckDB on this machine as readers of the exports see them: from the catalog to the rows."""

import contextlib
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from handlers.vocabulary import DATASETS
from ops import hints
from ops.answers import Answer
from ops.errors import OperatorError, one_line
from ops.export_files import Published, published
from ops.stack import Target
from ops.store.quoted import quoted_name
from ops.tables import Row

# The catalog's types as DuckDB has them; times keep their nanoseconds.
_TYPES = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "double": "DOUBLE",
    "bigint": "BIGINT",
    "timestamp": "TIMESTAMP_NS",
}
_PARTITION = ("export_date", "export_hour")
_BATCH = 1000


class Exported:
    """The newest hours of a deployment's exports as tables `metrics` and `aggregates`, for as long as it is open."""

    def __init__(self, target: Target, hours: int) -> None:
        self._stack = contextlib.ExitStack()
        self._database = self._stack.enter_context(duckdb.connect())
        with tempfile.TemporaryDirectory(prefix="tidegauge-") as folder:
            for dataset in DATASETS:
                _load(target, self._database, dataset, Path(folder), hours)
        # A statement reads these tables and nothing else of this machine.
        self._database.execute("SET enable_external_access = false")

    def ask(self, sql: str) -> Answer:
        """The answer to one SELECT; OperatorError with DuckDB's reason."""
        try:
            statements = self._database.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise OperatorError(
                    "one SELECT is asked at a time; the tables are metrics and aggregates (DESCRIBE metrics)"
                )
            found = self._database.sql(sql)
            return found.columns, _rows(found)
        except duckdb.Error as error:
            raise OperatorError(self._reason(error, sql)) from error

    def close(self) -> None:
        """Let the tables go."""
        self._stack.close()

    def _reason(self, error: Exception, sql: str) -> str:
        """DuckDB's reason without its own guesses, which know nothing of our tables, and with ours."""
        text = one_line(str(error).split("\nCandidate bindings")[0].split("\nDid you mean")[0])
        known = self._database.execute("SELECT DISTINCT column_name FROM duckdb_columns() WHERE NOT internal")
        return text + hints.on_refusal(
            text, sql, columns=lambda: (name for (name,) in known.fetchall()), tables=DATASETS
        )


def _rows(found: duckdb.DuckDBPyRelation) -> Iterator[Row]:
    try:
        for batch in found.to_arrow_reader(_BATCH):
            columns = [column.cast(_with_text_times(column.type)).to_pylist() for column in batch.columns]
            yield from (list(map(_plain, row)) for row in zip(*columns, strict=True))
    except duckdb.Error as error:
        raise OperatorError(one_line(str(error))) from error


def _with_text_times(kind: Any) -> Any:
    """The type with text for times: a Python datetime ends at microseconds."""
    if pa.types.is_timestamp(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_with_text_times(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, _with_text_times(field.type)) for field in kind])
    return kind


def _plain(value: object) -> object:
    """A value without decimals, which DuckDB makes of sums of whole numbers."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _load(
    target: Target, database: duckdb.DuckDBPyConnection, dataset: str, folder: Path, hours: int
) -> None:
    """Make a table with the catalog's columns and the rows of the hours its partitions point at."""
    columns, partitions = published(target, dataset)
    types = [(name, _TYPES[kind]) for name, kind in columns] + [(key, "VARCHAR") for key in _PARTITION]
    known = {name.lower() for name, _ in types}
    listed = ", ".join(f"{quoted_name(column)} {kind}" for column, kind in types)
    database.execute(f"CREATE TABLE {dataset} ({listed})")
    for partition in partitions[-hours:] if hours > 0 else []:
        for file in _download(target, partition, folder):
            # DuckDB itself would read their times (INT96) as microseconds; a column that is in no catalog is not read.
            rows = pq.read_table(file)
            database.register("file", rows)
            shown = ", ".join(quoted_name(name) for name in rows.column_names if name.lower() in known)
            database.execute(
                f"INSERT INTO {dataset} BY NAME "  # noqa: S608 -- one of our two names, and quoted ones
                f"SELECT {shown}, ? AS export_date, ? AS export_hour FROM file",
                [partition.date, partition.hour],
            )
            database.unregister("file")


def _download(target: Target, partition: Published, folder: Path) -> Iterator[Path]:
    s3 = target.client("s3")
    for file in partition.files(s3):
        path = folder / file.key.replace("/", "_")
        s3.download_file(file.bucket, file.key, str(path))
        yield path
