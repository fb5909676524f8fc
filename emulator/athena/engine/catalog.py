"""Glue's tables and views as SQL sees them, for one query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from emulator.athena.engine import column_types, views
from emulator.athena.engine.dialect import CATALOG, dialect
from emulator.athena.engine.information_schema import SCHEMA, information_schema
from emulator.athena.ports import Glue
from emulator.sql import Column, InvalidQueryError, TableInfo, ViewInfo
from emulator.sql.types import Type


@dataclass(frozen=True)
class GlueTable:
    """A table of Glue: its columns in the objects, those of its partitions, and whether a query wants "$path"."""

    described: Mapping[str, Any]
    columns: Sequence[tuple[str, Type]]
    keys: Sequence[tuple[str, Type]]
    with_path: bool = False


class SessionCatalog:
    """The tables as they were when the query first named them."""

    def __init__(self, glue: Glue, *, with_path: bool) -> None:
        self._glue = glue
        self._with_path = with_path
        self._found: dict[tuple[str, str], TableInfo | ViewInfo] = {}
        self._tables: dict[tuple[str, str], GlueTable] = {}

    def table(self, database: str, table: str) -> TableInfo | ViewInfo:
        """A table or view; InvalidQueryError that names what does not exist or is not supported."""
        key = (database, table)
        if key not in self._found:
            self._found[key] = self._look_up(database, table)
        return self._found[key]

    def read_as(self, info: TableInfo) -> GlueTable:
        """The table of Glue behind one that a query reads."""
        return self._tables[info.database, info.name]

    def _look_up(self, database: str, table: str) -> TableInfo | ViewInfo:
        if database == SCHEMA:
            return information_schema(self._glue, table)
        found = self._glue.table(database, table)
        if found is None:
            if database not in (name.lower() for name in self._glue.databases()):
                raise InvalidQueryError(f"Schema '{database}' does not exist")
            raise InvalidQueryError(f"Table '{CATALOG}.{database}.{table}' does not exist")
        if views.is_view(found):
            sql, schema, promised = views.read(found)
            typed = tuple((name, str(kind)) for name, kind in promised)
            return ViewInfo(database, table, typed, sql, dialect(schema))
        read = replace(glue_table(found), with_path=self._with_path)
        self._tables[database, table] = read
        columns = [Column(name, str(kind), "", name) for name, kind in read.columns]
        columns += [Column(name, str(kind), "", name, key=True) for name, kind in read.keys]
        if self._with_path:
            columns.append(Column("$path", "VARCHAR", "", "$path", hidden=True))
        return TableInfo(database, table, tuple(columns), None)


def glue_table(found: Mapping[str, Any]) -> GlueTable:
    """A table with the types of its columns; InvalidQueryError that names one that is not supported."""
    storage = found.get("StorageDescriptor") or {}
    return GlueTable(
        found, _columns(storage.get("Columns") or ()), _columns(found.get("PartitionKeys") or ())
    )


def _columns(described: Sequence[Mapping[str, Any]]) -> list[tuple[str, Type]]:
    columns = []
    for column in described:
        try:
            columns.append((column["Name"].lower(), column_types.of_hive(column["Type"])))
        except column_types.UnknownTypeError as error:
            raise InvalidQueryError(
                f"Column '{column['Name']}' is of the unsupported type {error}"
            ) from error
    return columns
