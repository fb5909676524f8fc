"""SELECT to DuckDB SQL, kept by query text for as long as the tables it was made for have the same columns."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from emulator.sql import grammar
from emulator.sql.catalog import Catalog, TableInfo
from emulator.sql.query import Bound, Output, Queries
from emulator.sql.render import row_json
from emulator.sql.typed import select
from emulator.sql.types import shape
from emulator.timestream.errors import ServiceError

_KEPT = 512


@dataclass(frozen=True)
class Translation:
    """A query's DuckDB SQL, its columns, and the tables it was made for."""

    sql: str
    columns: Sequence[Output]
    tables: Sequence[TableInfo]

    def column_info(self) -> list[dict[str, Any]]:
        """The columns as ColumnInfo; one without a name is called by its position, as in Trino."""
        return [
            {"Name": names, "Type": shape(c.type)}
            for names, c in zip(self.names(), self.columns, strict=True)
        ]

    def names(self) -> list[str]:
        """The columns' names."""
        return [f"_col{i}" if column.name is None else column.name for i, column in enumerate(self.columns)]

    def as_json(self) -> str:
        """The SQL of one JSON text per row."""
        columns = [(f"q.c{i}", column.type) for i, column in enumerate(self.columns)]
        return select([row_json(columns)], f"({self.sql}) AS q")


def translate(catalog: Catalog, query: str) -> Translation:
    """A query translated; ValidationException when it is wrong or not supported."""
    with _lock:
        kept = _translations.get(query)
    if kept is not None and all(_unchanged(catalog, table) for table in kept.tables):
        return kept
    queries = Queries(query, catalog)
    translation = finished(queries, bind(queries, query))
    with _lock:
        _translations[query] = translation
        while len(_translations) > _KEPT:
            _translations.popitem(last=False)
    return translation


def bind(queries: Queries, query: str, start: int = 0, end: int | None = None) -> Bound:
    """The query, or the part of it between two tokens, bound."""
    stream = grammar.tokens(query)[start:end]
    try:
        return queries.bind(grammar.parse(query, stream), None)
    except RecursionError as error:
        raise grammar.refuse("The query is nested too deeply.") from error


def finished(queries: Queries, bound: Bound) -> Translation:
    """A bound query as a translation."""
    return Translation(bound.sql, bound.columns, tuple(queries.tables))


def _unchanged(catalog: Catalog, table: TableInfo) -> bool:
    try:
        return catalog.table(table.database, table.name) == table
    except ServiceError:
        return False


_translations: OrderedDict[str, Translation] = OrderedDict()
_lock = Lock()
