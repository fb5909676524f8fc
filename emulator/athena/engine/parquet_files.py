"""Parquet files as Athena reads them: columns by name, timestamps to the millisecond."""

from collections.abc import Sequence

import pyarrow as pa
from pyarrow import compute, parquet

from emulator.athena.engine import column_types
from emulator.sql import types
from emulator.sql.types import Type

_MILLISECOND = 1_000_000
_WIDER = {(types.BIGINT, "INT32"), (types.VARCHAR, "BYTE_ARRAY")}


def read(body: bytes, columns: Sequence[tuple[str, Type]]) -> pa.Table:
    """The file's columns; those that it does not have are NULL. ValueError that says what cannot be read."""
    try:
        file = parquet.ParquetFile(pa.BufferReader(body))
    except pa.ArrowException as error:
        raise ValueError(f"it is not a Parquet file: {error}") from error
    physical = {column.path.partition(".")[0].lower(): column.physical_type for column in file.schema}
    present = {field.name.lower(): field.name for field in file.schema_arrow}
    wanted = [(name, kind) for name, kind in columns if name in present]
    table = file.read([present[name] for name, _ in wanted])
    arrays = []
    for name, kind in columns:
        if name in present:
            arrays.append(_as(table.column(present[name]), name, kind, physical[name]))
        else:
            arrays.append(pa.nulls(file.metadata.num_rows, column_types.arrow(kind)))
    return pa.table(arrays, names=[name for name, _ in columns])


def _as(values: pa.ChunkedArray, name: str, kind: Type, physical: str) -> pa.ChunkedArray:
    if not _fits(values.type, kind):
        raise ValueError(
            f"Field {name}'s type {physical} in the file is incompatible with type {column_types.trino(kind)}"
            " defined in table schema"
        )
    cast = values.cast(column_types.arrow(kind))
    if kind is not types.TIMESTAMP:
        return cast
    whole = compute.divide(compute.add(cast.cast(pa.int64()), _MILLISECOND // 2), _MILLISECOND)
    return compute.multiply(whole, _MILLISECOND).cast(pa.timestamp("ns"))


def _fits(found: pa.DataType, kind: Type) -> bool:
    if pa.types.is_dictionary(found):
        found = found.value_type
    wanted = column_types.arrow(kind)
    if kind in types.WHOLE:
        return pa.types.is_signed_integer(found) and found.bit_width <= wanted.bit_width
    if kind is types.VARCHAR:
        return pa.types.is_string(found) or pa.types.is_large_string(found)
    if kind is types.TIMESTAMP:
        return pa.types.is_timestamp(found)
    return bool(found == wanted) or (bool(kind.of) and found.id == wanted.id)
