"""The interface that SQL needs of a service: tables, their columns, and where to select them from."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Column:
    """A visible column.

    `name` is what the writer called it, and case matters. `type` is BIGINT, DOUBLE, VARCHAR, BOOLEAN or TIMESTAMP.
    `role` is the service's own, for its DESCRIBE. `physical` is the column's name in the relation, where case does not
    matter: the same as `name` unless the table has another column that differs from it only by case. TIMESTAMP columns
    are TIMESTAMP_NS in the relation, every other type is DuckDB's type of the same name. `since_1970` promises
    timestamps that are never negative.
    """

    name: str
    type: str
    role: str
    physical: str
    since_1970: bool = False


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table as a query sees it.

    `relation` is ready to stand after FROM and has exactly `columns`, in the order in which SELECT * shows them.
    """

    database: str
    name: str
    columns: tuple[Column, ...]
    relation: str


class Catalog(Protocol):
    """Names to tables. Names are matched exactly; a service whose names ignore case folds them itself."""

    def table(self, database: str, table: str) -> TableInfo:
        """A table's columns and relation; InvalidQueryError that names what does not exist."""
