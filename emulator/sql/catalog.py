"""The interface that SQL needs of a service: tables, their columns, and where to select them from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from emulator.sql.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Column:
    """A visible column.

    `name` is what the writer called it, and case matters. `type` is for `types.column`: BIGINT, MAP(VARCHAR, DOUBLE).
    `role` is the service's own, for its DESCRIBE. `physical` is the column's name in the relation, where case does not
    matter: the same as `name` unless the table has another column that differs from it only by case. TIMESTAMP columns
    are TIMESTAMP_NS in the relation, every other type is DuckDB's type of the same name. `since_1970` promises
    timestamps that are never negative. Partitions are told apart by columns that are `key`; a `hidden` column is there
    for those who name it.
    """

    name: str
    type: str
    role: str
    physical: str
    since_1970: bool = False
    key: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table as a query sees it.

    `relation` is ready to stand after FROM and has exactly `columns`, in the order in which SELECT * shows them.
    Without one, each place that reads the table gets a relation of its own that the service makes
    (`partitions.Reading`).
    """

    database: str
    name: str
    columns: tuple[Column, ...]
    relation: str | None


@dataclass(frozen=True, slots=True)
class ViewInfo:
    """A view: its query, the columns by name and type that it promised, and the dialect that its query is read in."""

    database: str
    name: str
    columns: tuple[tuple[str, str], ...]
    query: str
    dialect: "Dialect"


class Catalog(Protocol):
    """Names to tables. Names are matched exactly; a service whose names ignore case folds them itself."""

    def table(self, database: str, table: str) -> TableInfo | ViewInfo:
        """A table or view; InvalidQueryError that names what does not exist."""
