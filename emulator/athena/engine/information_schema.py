"""information_schema: the data catalog's names as tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emulator.athena.engine import column_types
from emulator.athena.ports import Glue
from emulator.sql import Column, InvalidQueryError, TableInfo
from emulator.sql.bound import name, text

SCHEMA = "information_schema"
_COLUMNS = {
    "schemata": (("catalog_name", "VARCHAR"), ("schema_name", "VARCHAR")),
    "tables": tuple((f"table_{part}", "VARCHAR") for part in ("catalog", "schema", "name", "type")),
    "columns": (
        *((f"table_{part}", "VARCHAR") for part in ("catalog", "schema", "name")),
        ("column_name", "VARCHAR"),
        ("ordinal_position", "BIGINT"),
        ("column_default", "VARCHAR"),
        ("is_nullable", "VARCHAR"),
        ("data_type", "VARCHAR"),
        ("comment", "VARCHAR"),
        ("extra_info", "VARCHAR"),
    ),
}
_CATALOG = "awsdatacatalog"


def information_schema(glue: Glue, table: str) -> TableInfo:
    """A table of information_schema; InvalidQueryError for one that is not supported."""
    if table not in _COLUMNS:
        raise InvalidQueryError(f"Table '{_CATALOG}.{SCHEMA}.{table}' does not exist or is not supported")
    columns = _COLUMNS[table]
    lines = [f"({', '.join(_literal(value) for value in row)})" for row in _rows(glue, table)]
    lines.append(f"({', '.join(f'CAST(NULL AS {kind})' for _, kind in columns)})")
    names = ", ".join(name(column) for column, _ in columns)
    relation = (
        f"(SELECT * FROM (VALUES {', '.join(lines)}) AS v({names}) WHERE {name(columns[0][0])} IS NOT NULL)"  # noqa: S608 - of quoted literals
    )
    return TableInfo(SCHEMA, table, tuple(Column(c, kind, "", c) for c, kind in columns), relation)


def _literal(value: str | int | None) -> str:
    return "NULL" if value is None else str(value) if isinstance(value, int) else text(value)


def _rows(glue: Glue, table: str) -> Iterable[Sequence[str | int | None]]:
    for database in glue.databases():
        if table == "schemata":
            yield _CATALOG, database
            continue
        for found in glue.tables(database):
            if table == "tables":
                kind = "VIEW" if found.get("TableType") == "VIRTUAL_VIEW" else "BASE TABLE"
                yield _CATALOG, database, found["Name"], kind
            else:
                yield from _columns(database, found)


def _columns(database: str, table: Mapping[str, Any]) -> Iterable[Sequence[str | int | None]]:
    storage = table.get("StorageDescriptor") or {}
    keys = table.get("PartitionKeys") or []
    for position, column in enumerate([*(storage.get("Columns") or ()), *keys], 1):
        extra = "partition key" if column in keys else None
        kind = _trino(column["Type"])
        comment = column.get("Comment")
        yield _CATALOG, database, table["Name"], column["Name"], position, None, "YES", kind, comment, extra


def _trino(hive: str) -> str:
    try:
        return column_types.trino(column_types.of_hive(hive))
    except column_types.UnknownTypeError:
        return hive
