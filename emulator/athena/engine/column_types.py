"""Types by their names in Glue (Hive's), in views (Trino's), in results, and in Arrow."""

import re

import pyarrow as pa

from emulator.sql import types
from emulator.sql.types import Type

_HIVE = {
    "string": types.VARCHAR,
    "bigint": types.BIGINT,
    "int": types.INTEGER,
    "integer": types.INTEGER,
    "double": types.DOUBLE,
    "boolean": types.BOOLEAN,
    "timestamp": types.TIMESTAMP,
    "date": types.DATE,
}
_TRINO = {"varchar": types.VARCHAR, "timestamp(3)": types.TIMESTAMP, **_HIVE}
_TRINO_NAMES = {
    types.TIMESTAMP: "timestamp(3)",
    types.TIMESTAMP_TZ: "timestamp(3) with time zone",
    types.NANOSECONDS_TZ: "timestamp(9) with time zone",
}
_SIZED = re.compile(r"varchar\([0-9]+\)")
_ARROW = {
    types.VARCHAR: pa.string(),
    types.BIGINT: pa.int64(),
    types.INTEGER: pa.int32(),
    types.DOUBLE: pa.float64(),
    types.BOOLEAN: pa.bool_(),
    types.TIMESTAMP: pa.timestamp("ns"),
    types.DATE: pa.date32(),
    types.VARBINARY: pa.binary(),
}


class UnknownTypeError(Exception):
    """A type that is not supported here, by its name."""


def of_hive(name: str) -> Type:
    """The type of a column in Glue, such as `map<string,bigint>`; UnknownTypeError that names what is not supported."""
    return _read(name.strip().lower(), _HIVE, "<>")


def of_trino(name: str) -> Type:
    """The type of a view's column, such as `map(varchar,bigint)`; UnknownTypeError as in `of_hive`."""
    return _read(name.strip().lower(), _TRINO, "()")


def hive(kind: Type) -> str:
    """A type's name in Glue; UnknownTypeError for one that is not written for Hive."""
    if kind.of and kind.name != "ROW":
        return f"{kind.name.lower()}<{','.join(map(hive, kind.of))}>"
    found = next((name for name, known in _HIVE.items() if known is kind), None)
    if found is None:
        raise UnknownTypeError(trino(kind))
    return found


def trino(kind: Type) -> str:
    """A type's name in Trino's messages and views."""
    if kind.of and kind.name != "ROW":
        return f"{kind.name.lower()}({', '.join(map(trino, kind.of))})"
    return _TRINO_NAMES.get(kind, str(kind))


def of_result(kind: Type) -> str:
    """A type's name as ColumnInfo has it."""
    if kind is types.NANOSECONDS_TZ:
        return str(types.TIMESTAMP_TZ)
    return kind.name.lower() if kind.of else str(kind)


def arrow(kind: Type) -> pa.DataType:
    """The Arrow type of a column."""
    if kind.name == "ARRAY":
        return pa.list_(arrow(kind.of[0]))
    if kind.name == "MAP":
        return pa.map_(arrow(kind.of[0]), arrow(kind.of[1]))
    return _ARROW[kind]


def _read(name: str, known: dict[str, Type], brackets: str) -> Type:
    outer, _, inner = name.removesuffix(brackets[1]).partition(brackets[0])
    if outer == "array" and inner:
        return types.array(_read(inner.strip(), known, brackets))
    if outer == "map" and inner:
        key, _, value = inner.partition(",")
        return types.map_of(_read(key.strip(), known, brackets), _read(value.strip(), known, brackets))
    found = types.VARCHAR if _SIZED.fullmatch(name) else known.get(name)
    if found is None:
        raise UnknownTypeError(name)
    return found
