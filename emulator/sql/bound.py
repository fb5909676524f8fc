"""Bound expressions, columns and queries: DuckDB SQL with the types it has in Trino; and how DuckDB spells names."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.sql import timestamps
from emulator.sql.types import BIGINT, INTEGER, VARCHAR, Type

if TYPE_CHECKING:
    from emulator.sql.partitions import Keys


@dataclass
class Parameter:
    """A parameter of a prepared query; its type is what it is first used as."""

    name: str
    type: Type | None = None


@dataclass(frozen=True)
class BoundExpression:
    """DuckDB SQL for an expression and the type it has.

    `value` is a literal's own value. `stored` is the bare TIMESTAMP_NS column behind a timestamp, which comparisons
    use because DuckDB skips row groups for bare columns only. `nan` says that a double may be NaN, which DuckDB orders
    and Trino does not. `since_1970` says that a timestamp cannot be negative. `as_time` says that a literal may be
    read as a time where one is wanted.
    """

    sql: str
    type: Type
    value: str | int | None = None
    stored: str | None = None
    nan: bool = False
    since_1970: bool = False
    parameter: Parameter | None = None
    as_time: bool = True


@dataclass(frozen=True)
class BoundColumn:
    """A column that a query returns; in its SQL it is called c0, c1, …

    `origin` is the database and table of a column that is selected as it is. `keys` are those of `partitions`.
    """

    name: str | None
    type: Type
    origin: tuple[str, str] | None = None
    aliased: bool = False
    value: BoundExpression | None = None
    keys: "Keys" = field(default_factory=dict)


@dataclass(frozen=True)
class BoundQuery:
    """A query's DuckDB SQL and its columns."""

    sql: str
    columns: Sequence[BoundColumn]

    def types(self) -> list[Type]:
        """The columns' types."""
        return [column.type for column in self.columns]


def text(value: str) -> str:
    """A DuckDB string literal."""
    return "'" + value.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """A quoted DuckDB identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def varchar(value: str) -> BoundExpression:
    """A string literal."""
    return BoundExpression(text(value), VARCHAR, value=value)


def select(columns: Sequence[str], source: str) -> str:
    """A SELECT of bound columns from a bound source."""
    return f"SELECT {', '.join(columns)} FROM {source}"  # noqa: S608 - both are made by binding, never by a caller


def whole(value: int, kind: Type = BIGINT) -> BoundExpression:
    """An integer literal that DuckDB takes for the type it has here."""
    return BoundExpression(
        f"CAST({value} AS {kind.duck})" if kind is not INTEGER else f"({value})", kind, value=value
    )


def null(kind: Type) -> BoundExpression:
    """A NULL of a type."""
    return BoundExpression(f"CAST(NULL AS {kind.duck})", kind)


def date_of(nanoseconds: str) -> str:
    """The SQL of a timestamp's date. DuckDB's own cast goes through microseconds, and rounds up to them."""
    day = timestamps.DAY
    return f"(DATE '1970-01-01' + CAST(({nanoseconds} - ({nanoseconds} % {day} + {day}) % {day}) // {day} AS INTEGER))"
