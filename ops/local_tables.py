"""SQL over tables of DuckDB in this process, which reads them and nothing else of this machine."""

import contextlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from ops import hints
from ops.answers import Answer
from ops.errors import OperatorError, one_line
from ops.tables import Row

_BATCH = 1000


class LocalTables:
    """Tables with these names, for as long as it is open."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._stack = contextlib.ExitStack()
        self._database = self._stack.enter_context(duckdb.connect())

    def seal(self) -> None:
        """Let statements read the tables and nothing else of this machine."""
        self._database.execute("SET enable_external_access = false")
        self._database.execute("SET lock_configuration = true")

    def ask(self, sql: str) -> Answer:
        """The answer to one SELECT; OperatorError with DuckDB's reason."""
        try:
            statements = self._database.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise OperatorError(
                    f"one SELECT is asked at a time, of {' and '.join(self._names)} (DESCRIBE {self._names[0]})"
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
            text, sql, columns=lambda: (name for (name,) in known.fetchall()), tables=self._names
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
