"""The types of Trino that are supported, and the DuckDB type that stands for each.

Times are integers in DuckDB: nanoseconds since 1970 for timestamps, nanoseconds for a time of day and for day-to-second
intervals, months for year-to-month intervals. DuckDB's own INTERVAL ends at microseconds, and integer arithmetic is
also the fastest way to bin.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Type:
    """A type by its AWS name, and the DuckDB type that stands for it.

    `of` holds the type of an array's elements, or those of a map's keys and values.
    """

    name: str
    duck: str
    of: tuple["Type", ...] = ()

    def __str__(self) -> str:
        """The name as `typeof` and error messages spell it."""
        if self.of:
            return f"{self.name.lower()}({', '.join(map(str, self.of))})"
        return self.name.lower().replace("_", " ")


BOOLEAN = Type("BOOLEAN", "BOOLEAN")
INTEGER = Type("INTEGER", "INTEGER")
BIGINT = Type("BIGINT", "BIGINT")
DECIMAL = Type("DECIMAL", "DECIMAL(38,10)")
"""What a literal like 1.5 is; no column and no result has it."""
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
UNKNOWN = Type("UNKNOWN", "INTEGER")
"""The type of a bare NULL."""

_COLUMNS = {
    kind.name: kind
    for kind in (INTEGER, BIGINT, DOUBLE, VARCHAR, BOOLEAN, TIMESTAMP, DATE, TIMESTAMP_TZ, DECIMAL)
}
WHOLE = (INTEGER, BIGINT)
NUMERIC = (INTEGER, BIGINT, DECIMAL, DOUBLE)
MOMENTS = (DATE, TIMESTAMP, TIMESTAMP_TZ, NANOSECONDS_TZ)


def array(of: Type) -> Type:
    """The array type of an element type."""
    return Type("ARRAY", f"{of.duck}[]", (of,))


def map_of(key: Type, value: Type) -> Type:
    """The map type of a type of keys and one of values."""
    return Type("MAP", f"MAP({key.duck}, {value.duck})", (key, value))


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
    return {"ScalarType": "DOUBLE" if kind is DECIMAL else kind.name}


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
    if left.name == right.name == "ARRAY":
        inner = common(left.of[0], right.of[0])
        return array(inner) if inner else None
    return None
