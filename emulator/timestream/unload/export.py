"""The SQL of an UNLOAD: typed columns for Parquet, finished lines for CSV, and partition values as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import compute

from emulator.sql import types
from emulator.sql.bound import select, text
from emulator.sql.render import as_text
from emulator.sql.translation import Translation
from emulator.sql.types import Type
from emulator.timestream.errors import ValidationException
from emulator.timestream.unload.cells import arrow, csv_text, typed
from emulator.timestream.unload.options import Options

_NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"
_ESCAPED = {chr(c) for c in (*range(1, 32), 127)} | set("\"#%'*/:=?\\{[]^")


@dataclass(frozen=True)
class Export:
    """The SQL of an export, and how to read its record batches: data columns first, partition values after them."""

    sql: str
    header: str
    columns: Sequence[tuple[str, Type]]
    data: int
    partitions: int

    def schema(self) -> pa.Schema:
        """The schema of a Parquet file."""
        return pa.schema([pa.field(name, arrow(kind)) for name, kind in self.columns])

    def split(self, batch: pa.RecordBatch) -> Iterator[tuple[tuple[str | None, ...], pa.RecordBatch]]:
        """The rows of a batch by partition, without the partition columns."""
        rows = self._data(batch)
        if not self.partitions:
            yield (), rows
            return
        keys = [column.dictionary_encode(null_encoding="encode") for column in batch.columns[self.data :]]
        codes: Any = None
        for position, key in enumerate(keys):
            indices = key.indices.cast(pa.int64())
            codes = (
                indices
                if position == 0
                else compute.add(compute.multiply(codes, len(key.dictionary)), indices)
            )
        order = compute.sort_indices(codes)
        rows, runs = rows.take(order), compute.run_end_encode(codes.take(order))
        start = 0
        for end in runs.run_ends.to_pylist():
            first = order[start].as_py()
            yield tuple(key[first].as_py() for key in keys), rows.slice(start, end - start)
            start = end

    def _data(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = batch.columns[: self.data]
        if not self.columns:
            return pa.RecordBatch.from_arrays(arrays, ["line"])
        schema = self.schema()
        return pa.RecordBatch.from_arrays(
            [a.cast(f.type) for a, f in zip(arrays, schema, strict=True)], schema=schema
        )


def plan(translation: Translation, options: Options) -> Export:
    """The export of a query; ValidationException when its columns do not allow it."""
    names = translation.names()
    kinds = [column.type for column in translation.columns]
    for name, kind in zip(names, kinds, strict=True):
        if kind in (types.TIME, types.UNKNOWN):
            raise ValidationException(f"UNLOAD does not support the type {kind} of column '{name}'")
        if options.format == "PARQUET" and arrow(kind) is None:
            raise ValidationException(f"UNLOAD of type {kind} (column '{name}') is not supported")
    data = _data_columns(names, options)
    for name, kind in zip(names[data:], kinds[data:], strict=True):
        if kind.of:
            raise ValidationException(f"UNLOAD cannot partition by column '{name}' of type {kind}")
    cells = [(name, f"q.c{i}", kinds[i]) for i, name in enumerate(names)]
    partitions = [as_text(sql, kind) for _name, sql, kind in cells[data:]]
    if options.format == "CSV":
        selected = [_line(cells[:data], options)]
        header = _header(names[:data], options) if options.include_header else ""
        columns: list[tuple[str, Type]] = []
    else:
        selected = [typed(sql, kind) for _name, sql, kind in cells[:data]]
        header, columns = "", [(name, kind) for name, _sql, kind in cells[:data]]
    outputs = [f"{sql} AS o{i}" for i, sql in enumerate([*selected, *partitions])]
    query = select(outputs, f"({translation.sql}) AS q")
    return Export(query, header, columns, len(selected), len(partitions))


def _data_columns(names: Sequence[str], options: Options) -> int:
    """The number of data columns: those of the partitions are the last, in their order."""
    data = len(names) - len(options.partitioned_by)
    if options.partitioned_by and list(names[max(data, 0) :]) != list(options.partitioned_by):
        raise ValidationException(
            "UNLOAD partitioned_by must name the last columns of the query, in the same order: "
            + ", ".join(options.partitioned_by)
        )
    if data < 1:
        raise ValidationException("UNLOAD needs at least one column that is not in partitioned_by")
    duplicates = {name for name in names if names.count(name) > 1}
    if duplicates:
        raise ValidationException(
            f"UNLOAD columns must have different names: {', '.join(sorted(duplicates))}"
        )
    return data


def _line(cells: Sequence[tuple[str, str, Type]], options: Options) -> str:
    delimiter = f", {text(options.field_delimiter)}, "
    return f"concat({delimiter.join(_csv_cell(sql, kind, options) for _name, sql, kind in cells)}, chr(10))"


def _csv_cell(sql: str, kind: Type, options: Options) -> str:
    """NULL is nothing at all. A value is quoted when it has a character that means something, as opencsv does."""
    value = csv_text(sql, kind)
    if (
        kind is not types.VARCHAR
        and not kind.of
        and options.field_delimiter not in "0123456789.:- +EINTafinrstuely"
    ):
        return f"coalesce({value}, '')"
    escaped = f"replace({value}, {text(options.escaped_by)}, {text(options.escaped_by * 2)})"
    if options.escaped_by != '"':
        escaped = f"""replace({escaped}, '"', {text(options.escaped_by + '"')})"""
    special = ('"', options.escaped_by, options.field_delimiter, "\n", "\r")
    found = " OR ".join(f"contains({value}, chr({ord(c)}))" for c in special)
    return f"""CASE WHEN {sql} IS NULL THEN '' WHEN {found} THEN '"' || {escaped} || '"' ELSE {value} END"""


def _header(names: Sequence[str], options: Options) -> str:
    special = ('"', options.escaped_by, options.field_delimiter, "\n", "\r")
    cells = []
    for name in names:
        escaped = name.replace(options.escaped_by, options.escaped_by * 2)
        if options.escaped_by != '"':
            escaped = escaped.replace('"', options.escaped_by + '"')
        cells.append(f'"{escaped}"' if any(c in name for c in special) else name)
    return options.field_delimiter.join(cells) + "\n"


def partition_folder(name: str, value: str | None) -> str:
    """A partition's folder as Hive names it."""
    return f"{_escaped(name)}={_NULL_FOLDER if value is None or value == '' else _escaped(value)}"


def _escaped(part: str) -> str:
    return "".join(f"%{ord(c):02X}" if c in _ESCAPED else c for c in part)
