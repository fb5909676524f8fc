"""What SQL may know of the store: databases, tables, columns, and where to select them from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

ColumnType = Literal["BIGINT", "DOUBLE", "VARCHAR", "BOOLEAN", "TIMESTAMP"]
Role = Literal["DIMENSION", "MEASURE_NAME", "TIMESTAMP", "MULTI", "MEASURE_VALUE"]


@dataclass(frozen=True, slots=True)
class Column:
    """A visible column.

    `name` is what the writer called it, and case matters. `physical` is its name in the relation, where case does
    not: the same as `name` unless the table has another column that differs from it only by case.
    TIMESTAMP columns are TIMESTAMP_NS in the relation, every other type is DuckDB's type of the same name.
    """

    name: str
    type: ColumnType
    role: Role
    physical: str


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table as a query sees it.

    `relation` is ready to stand after FROM and has exactly `columns`, in AWS's order: dimensions, measure_name, time,
    then measures.
    """

    database: str
    name: str
    columns: tuple[Column, ...]
    relation: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure name of a table, as SHOW MEASURES lists it: its type (or MULTI) and the dimensions seen with it."""

    name: str
    type: ColumnType | Literal["MULTI"]
    dimensions: tuple[str, ...]


class Catalog(Protocol):
    """Names to tables. Names are matched exactly, as AWS does."""

    def databases(self) -> Sequence[str]:
        """The names of all databases, sorted."""
        ...

    def tables(self, database: str) -> Sequence[str]:
        """The names of a database's tables, sorted; ValidationException when there is no such database."""
        ...

    def table(self, database: str, table: str) -> TableInfo:
        """A table's columns and relation; ValidationException that names what does not exist."""
        ...

    def measures(self, database: str, table: str) -> Sequence[Measure]:
        """The measure names ever written to a table, sorted by name."""
        ...
