"""A SELECT as DuckDB SQL, kept by its text for as long as the tables it was made for have the same columns."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlglot import exp

from emulator.sql import parser
from emulator.sql.binder import QueryBinder
from emulator.sql.bound import BoundColumn, BoundQuery, select
from emulator.sql.catalog import Catalog, TableInfo, ViewInfo
from emulator.sql.dialect import TRINO, Dialect
from emulator.sql.errors import SqlError, invalid
from emulator.sql.partitions import Reading
from emulator.sql.query import query_binder
from emulator.sql.render import row_json
from emulator.sql.types import shape

_KEPT = 512


@dataclass(frozen=True)
class Translation:
    """A query's DuckDB SQL, its columns, and the tables it was made for.

    The SQL has a mark where now() stands: `timestamps.at` makes it SQL for a run at one moment.
    """

    sql: str
    columns: Sequence[BoundColumn]
    tables: Sequence[TableInfo | ViewInfo]
    readings: Sequence[Reading] = ()

    def column_info(self) -> list[dict[str, Any]]:
        """The columns as ColumnInfo; one without a name is called by its position, as in Trino."""
        return [
            {"Name": name, "Type": shape(c.type)} for name, c in zip(self.names(), self.columns, strict=True)
        ]

    def names(self) -> list[str]:
        """The columns' names."""
        return [f"_col{i}" if column.name is None else column.name for i, column in enumerate(self.columns)]

    def as_json(self) -> str:
        """The SQL of one JSON text per row."""
        columns = [(f"q.c{i}", column.type) for i, column in enumerate(self.columns)]
        return select([row_json(columns)], f"({self.sql}) AS q")


def translate(catalog: Catalog, query: str, dialect: Dialect = TRINO) -> Translation:
    """A query translated; InvalidQueryError when it is wrong or not supported."""
    key = (query, dialect)
    with _lock:
        kept = _translations.get(key)
    if kept is not None and all(_unchanged(catalog, table) for table in kept.tables):
        return kept
    translation = translate_part(catalog, query, parser.parse(query, dialect.grammar), dialect)
    with _lock:
        _translations[key] = translation
        while len(_translations) > _KEPT:
            _translations.popitem(last=False)
    return translation


def translate_part(catalog: Catalog, text: str, query: exp.Expression, dialect: Dialect) -> Translation:
    """The query that is part of a statement's text, translated and not kept."""
    binder = query_binder(text, catalog, dialect)
    bound = bind(binder, query)
    return Translation(bound.sql, bound.columns, tuple(binder.tables), tuple(binder.readings))


def bind(binder: QueryBinder, query: exp.Expression) -> BoundQuery:
    """A query bound, InvalidQueryError when its expressions are too deep for that."""
    try:
        return binder.bind(query, None)
    except RecursionError as error:
        raise invalid("The query is nested too deeply.") from error


def _unchanged(catalog: Catalog, table: TableInfo | ViewInfo) -> bool:
    try:
        return catalog.table(table.database, table.name) == table
    except SqlError:
        return False


_translations: OrderedDict[tuple[str, Dialect], Translation] = OrderedDict()
_lock = Lock()
