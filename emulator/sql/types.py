"""The types of Trino that are supported, and the DuckDB type that stands for each.

Times are integers in DuckDB: nanoseconds since 1970 for timestamps, nanoseconds for a time of day and for day-to-second
intervals, months for year-to-month intervals. DuckDB's own INTERVAL ends at microseconds, and integer arithmetic is
also the fastest way to bin.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Type:
    """A type by its AWS name, and the DuckDB type that stands for it.

    `of` holds the type of an array's elements, of a time series' values, those of a map's keys and values, or those of
    a row's fields, whose names are `names`.
    """

    name: str
    duck: str
    of: tuple["Type", ...] = ()
    names: tuple[str | None, ...] = ()

    def __str__(self) -> str:
        """The name as `typeof` and error messages spell it."""
        if self.name == "ROW":
            fields = zip(self.names, self.of, strict=True)
            return f"row({', '.join(f'{name} {kind}' if name else str(kind) for name, kind in fields)})"
        if self.of:
            return f"{self.name.lower()}({', '.join(map(str, self.of))})"
        return self.name.lower().replace("_", " ")


BOOLEAN = Type("BOOLEAN", "BOOLEAN")
INTEGER = Type("INTEGER", "INTEGER")
BIGINT = Type("BIGINT", "BIGINT")
DOUBLE = Type("DOUBLE", "DOUBLE")
VARCHAR = Type("VARCHAR", "VARCHAR")
TIMESTAMP = Type("TIMESTAMP", "BIGINT")
TIMESTAMP_TZ = Type("TIMESTAMP_WITH_TIME_ZONE", "BIGINT")
"""A moment in UTC, the only time zone there is."""
NANOSECONDS_TZ = Type("TIMESTAMP_9_WITH_TIME_ZONE", "BIGINT")
"""The same to the nanosecond, where all other timestamps of a dialect have fewer digits."""
DATE = Type("DATE", "DATE")
VARBINARY = Type("VARBINARY", "BLOB")
TIME = Type("TIME", "BIGINT")
DAY_TO_SECOND = Type("INTERVAL_DAY_TO_SECOND", "BIGINT")
YEAR_TO_MONTH = Type("INTERVAL_YEAR_TO_MONTH", "INTEGER")
JSON = Type("JSON", "VARCHAR")
"""JSON as its text; no service has it in its results, which show the text."""
UNKNOWN = Type("UNKNOWN", "INTEGER")
"""The type of a bare NULL."""

_COLUMNS = {
    kind.name: kind for kind in (INTEGER, BIGINT, DOUBLE, VARCHAR, BOOLEAN, TIMESTAMP, DATE, TIMESTAMP_TZ)
}
WHOLE = (INTEGER, BIGINT)
NUMERIC = (INTEGER, BIGINT, DOUBLE)
MOMENTS = (DATE, TIMESTAMP, TIMESTAMP_TZ, NANOSECONDS_TZ)


def array(of: Type) -> Type:
    """The array type of an element type."""
    return Type("ARRAY", f"{of.duck}[]", (of,))


def map_of(key: Type, value: Type) -> Type:
    """The map type of a type of keys and one of values."""
    return Type("MAP", f"MAP({key.duck}, {value.duck})", (key, value))


def row(kinds: Sequence[Type], names: Sequence[str | None] = ()) -> Type:
    """The row type of fields; without names, all are unnamed. In DuckDB they are called f0, f1, …"""
    fields = ", ".join(f"f{i} {kind.duck}" for i, kind in enumerate(kinds))
    return Type("ROW", f"STRUCT({fields})", tuple(kinds), tuple(names) or (None,) * len(kinds))


def series(value: Type) -> Type:
    """The time series type of a type of values. In DuckDB it is a list of its points, sorted by time."""
    return Type("TIMESERIES", f"{point(value).duck}[]", (value,))


def point(value: Type) -> Type:
    """The type of a point of a time series, as a lambda gets it and UNNEST takes it apart."""
    return row((TIMESTAMP, value), ("time", "value"))


def elements(kind: Type) -> Type | None:
    """The type of what is in an array or a time series; None for another type."""
    if kind.name == "TIMESERIES":
        return point(kind.of[0])
    return kind.of[0] if kind.name == "ARRAY" else None


def column(name: str) -> Type:
    """The type of a table's column: BIGINT, ARRAY(DOUBLE), MAP(VARCHAR, BIGINT); KeyError for one that is not known."""
    name = name.strip().upper()
    outer, _, inner = name.removesuffix(")").partition("(")
    if outer == "ARRAY":
        return array(column(inner))
    if outer == "MAP":
        key, _, value = inner.partition(",")
        return map_of(column(key), column(value))
    return _COLUMNS[name]


def shape(kind: Type) -> dict[str, Any]:
    """A type as ColumnInfo carries it."""
    if kind.name == "ARRAY":
        return {"ArrayColumnInfo": {"Type": shape(kind.of[0])}}
    if kind.name == "TIMESERIES":
        return {"TimeSeriesMeasureValueColumnInfo": {"Type": shape(kind.of[0])}}
    if kind.name == "ROW":
        fields = zip(kind.names, kind.of, strict=True)
        return {
            "RowColumnInfo": [
                {"Name": name, "Type": shape(of)} if name else {"Type": shape(of)} for name, of in fields
            ]
        }
    return {"ScalarType": "VARCHAR" if kind is JSON else kind.name}


def common(left: Type, right: Type) -> Type | None:
    """The type both sides are brought to before they are compared or combined; None when there is none."""
    if left == right or right is UNKNOWN:
        return left
    if left is UNKNOWN:
        return right
    if left in NUMERIC and right in NUMERIC:
        return max(left, right, key=NUMERIC.index)
    if left in MOMENTS and right in MOMENTS:
        return max(left, right, key=MOMENTS.index)
    if left.name != right.name or len(left.of) != len(right.of) or not left.of:
        return None
    inner = [common(a, b) for a, b in zip(left.of, right.of, strict=True)]
    kinds = [kind for kind in inner if kind is not None]
    if len(kinds) != len(inner):
        return None
    if left.name == "ROW":
        return row(kinds, [a if a == b else None for a, b in zip(left.names, right.names, strict=True)])
    made: dict[str, Callable[..., Type]] = {"ARRAY": array, "TIMESERIES": series, "MAP": map_of}
    return made[left.name](*kinds)
