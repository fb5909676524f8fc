"""A bound expression, and how one type becomes another without being asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emulator.sql import instants
from emulator.sql.types import (
    BIGINT,
    DATE,
    DECIMAL,
    DOUBLE,
    INTEGER,
    NUMERIC,
    TIMESTAMP,
    UNKNOWN,
    VARCHAR,
    Type,
    common,
    duck,
)


@dataclass
class Parameter:
    """A parameter of a prepared query; its type is what it is first used as."""

    name: str
    type: Type | None = None


@dataclass(frozen=True)
class Typed:
    """DuckDB SQL for an expression and the Timestream type it has.

    `value` is a literal's own value. `stored` is the bare TIMESTAMP_NS column behind a timestamp, which comparisons
    use because DuckDB skips row groups for bare columns only. `nan` says that a double may be NaN, which DuckDB orders
    and Trino does not. `since_1970` says that a timestamp cannot be negative.
    """

    sql: str
    type: Type
    value: str | int | None = None
    stored: str | None = None
    nan: bool = False
    since_1970: bool = False
    parameter: Parameter | None = None


def text(value: str) -> str:
    """A DuckDB string literal."""
    return "'" + value.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """A quoted DuckDB identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def varchar(value: str) -> Typed:
    """A string literal."""
    return Typed(text(value), VARCHAR, value=value)


def select(columns: Sequence[str], source: str) -> str:
    """A SELECT of bound columns from a bound source."""
    return f"SELECT {', '.join(columns)} FROM {source}"  # noqa: S608 - both are made by binding, never by a caller


def select_all(source: str) -> str:
    """A SELECT of all columns of a bound source."""
    return select(["*"], source)


def whole(value: int, kind: Type = BIGINT) -> Typed:
    """An integer literal that DuckDB takes for the type it has here."""
    return Typed(f"CAST({value} AS {duck(kind)})" if kind is not INTEGER else f"({value})", kind, value=value)


def null(kind: Type) -> Typed:
    """A NULL of a type."""
    return Typed(f"CAST(NULL AS {duck(kind)})", kind)


def coerce(given: Typed, to: Type) -> Typed | None:
    """The expression as another type where Timestream does that by itself, else None."""
    if given.type == to:
        return given
    if given.type is UNKNOWN:
        if given.parameter is not None and given.parameter.type is None:
            given.parameter.type = to
        return null(to)
    convert = _IMPLICIT.get((given.type.name, to.name))
    if convert is not None:
        return convert(given)
    if given.type.name == to.name and to.of and common(given.type, to) == to:
        return Typed(f"CAST({given.sql} AS {duck(to)})", to)
    return None


def unify(items: Sequence[Typed]) -> list[Typed] | None:
    """All expressions as their common type, or None when there is none."""
    kind = UNKNOWN
    for item in items:
        wider = common(kind, item.type)
        if wider is None:
            wider = _literal_side(kind, item, items)
        if wider is None:
            return None
        kind = wider
    coerced = [coerce(item, kind) for item in items]
    found = [item for item in coerced if item is not None]
    return found if len(found) == len(items) else None


def _literal_side(kind: Type, item: Typed, items: Sequence[Typed]) -> Type | None:
    """A string literal beside timestamps or dates is read as one of them; a string column is not."""
    times = (TIMESTAMP, DATE)
    if item.type is VARCHAR and item.value is not None and kind in times:
        return kind if coerce(item, kind) else None
    if (
        kind is VARCHAR
        and item.type in times
        and all(i.value is not None for i in items if i.type is VARCHAR)
    ):
        return item.type
    return None


def _timestamp(given: Typed) -> Typed | None:
    if given.value is None:
        return None
    moment = instants.timestamp(str(given.value))
    return None if moment is None else Typed(str(moment), TIMESTAMP)


def _date(given: Typed) -> Typed | None:
    if given.value is None:
        return None
    moment = instants.timestamp(str(given.value))
    if moment is None or moment % instants.DAY:
        return None
    return Typed(f"(DATE '1970-01-01' + CAST({moment // instants.DAY} AS INTEGER))", DATE)


def as_double(given: Typed) -> Typed:
    """A number as a double."""
    return Typed(f"CAST({given.sql} AS DOUBLE)", DOUBLE)


_IMPLICIT: dict[tuple[str, str], Callable[[Typed], Typed | None]] = {
    ("INTEGER", "BIGINT"): lambda given: Typed(f"CAST({given.sql} AS BIGINT)", BIGINT, value=given.value),
    ("INTEGER", "DECIMAL"): lambda given: Typed(f"CAST({given.sql} AS DECIMAL(10,0))", DECIMAL),
    ("BIGINT", "DECIMAL"): lambda given: Typed(f"CAST({given.sql} AS DECIMAL(19,0))", DECIMAL),
    **{(kind.name, "DOUBLE"): as_double for kind in NUMERIC if kind is not DOUBLE},
    ("DATE", "TIMESTAMP"): lambda given: Typed(f"epoch_ns(CAST({given.sql} AS TIMESTAMP_NS))", TIMESTAMP),
    ("VARCHAR", "TIMESTAMP"): _timestamp,
    ("VARCHAR", "DATE"): _date,
}


def date_of(nanoseconds: str) -> str:
    """The SQL of a timestamp's date. DuckDB's own cast goes through microseconds, and rounds up to them."""
    day = instants.DAY
    return f"(DATE '1970-01-01' + CAST(({nanoseconds} - ({nanoseconds} % {day} + {day}) % {day}) // {day} AS INTEGER))"
