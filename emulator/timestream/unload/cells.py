"""The values of an UNLOAD: as Parquet has their types, and as text or JSON in CSV.

A time series is an array of rows of time and value in Parquet, and JSON in CSV like all that is nested:
https://docs.aws.amazon.com/timestream/latest/developerguide/export-unload-best-practices.html
"""

from collections.abc import Sequence

import pyarrow as pa

from emulator.sql import types
from emulator.sql.bound import BoundExpression, text
from emulator.sql.coercion import field
from emulator.sql.render import as_text
from emulator.sql.types import Type, elements

_ARROW = {
    types.BOOLEAN: pa.bool_(),
    types.INTEGER: pa.int32(),
    types.BIGINT: pa.int64(),
    types.DOUBLE: pa.float64(),
    types.VARCHAR: pa.string(),
    types.TIMESTAMP: pa.timestamp("ns"),
    types.DATE: pa.date32(),
}
_IN_JSON = (types.INTEGER, types.BIGINT, types.BOOLEAN)
"""Types whose text is JSON as it is."""


def names(kind: Type) -> Sequence[str]:
    """The names of a row's fields; one without a name is called by its place."""
    return [name or f"field{i}" for i, name in enumerate(kind.names)]


def arrow(kind: Type) -> pa.DataType | None:
    """The Arrow type of a column; None for a type that Parquet files do not take."""
    element = elements(kind)
    if element is not None:
        inner = arrow(element)
        return None if inner is None else pa.list_(inner)
    if kind.name != "ROW":
        return _ARROW.get(kind)
    fields = [(name, arrow(of)) for name, of in zip(names(kind), kind.of, strict=True)]
    known = [pa.field(name, of) for name, of in fields if of is not None]
    return pa.struct(known) if len(known) == len(fields) else None


def typed(sql: str, kind: Type, depth: int = 0) -> str:
    """The SQL of a value with DuckDB's own types for times, and rows with the names of their fields."""
    element, variable = elements(kind), f"t{depth}"
    if element is not None:
        return f"list_transform({sql}, lambda {variable}: {typed(variable, element, depth + 1)})"
    if kind.name == "ROW":
        made = _parts(sql, kind)
        fields = ", ".join(f"{text(name)}: {typed(part.sql, part.type, depth)}" for name, part in made)
        return f"(CASE WHEN {sql} IS NOT NULL THEN {{{fields}}} END)"
    return f"make_timestamp_ns({sql})" if kind is types.TIMESTAMP else sql


def csv_text(sql: str, kind: Type) -> str:
    """The SQL of a value's text in CSV; NULL for NULL."""
    if not kind.of:
        return as_text(sql, kind)
    return f"(CASE WHEN {sql} IS NOT NULL THEN {_json(sql, kind, 0)} END)"


def _json(sql: str, kind: Type, depth: int) -> str:
    element, variable = elements(kind), f"t{depth}"
    if element is not None:
        items = f"list_transform({sql}, lambda {variable}: {_json(variable, element, depth + 1)})"
        value = f"'[' || array_to_string({items}, ',') || ']'"
    elif kind.name == "ROW":
        fields = (
            f"CAST(to_json({text(name)}) AS VARCHAR) || ':' || {_json(part.sql, part.type, depth)}"
            for name, part in _parts(sql, kind)
        )
        value = "'{' || " + " || ',' || ".join(fields) + " || '}'"
    elif kind in _IN_JSON:
        value = as_text(sql, kind)
    elif kind is types.DOUBLE:
        value = f"CASE WHEN isfinite({sql}) THEN {as_text(sql, kind)} ELSE '\"' || {as_text(sql, kind)} || '\"' END"
    else:
        value = f"CAST(to_json({as_text(sql, kind)}) AS VARCHAR)"
    return f"(CASE WHEN {sql} IS NULL THEN 'null' ELSE {value} END)"


def _parts(sql: str, kind: Type) -> list[tuple[str, BoundExpression]]:
    whole = BoundExpression(sql, kind)
    return [(name, field(whole, i)) for i, name in enumerate(names(kind))]
