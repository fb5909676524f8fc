"""The types of Timestream's query language, and what stands for each in DuckDB.

Times are integers in DuckDB: nanoseconds since 1970 for timestamps, nanoseconds for a time of day and for day-to-second
intervals, months for year-to-month intervals. DuckDB's own INTERVAL ends at microseconds, and integer arithmetic is
also the fastest way to bin.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Type:
    """A type by its AWS name; `of` holds what an array, time series or row is made of."""

    name: str
    of: tuple["Type", ...] = ()
    fields: tuple[str | None, ...] = ()

    def __str__(self) -> str:
        """The name as `typeof` and error messages spell it."""
        if self.name in ("ARRAY", "TIMESERIES"):
            return f"{self.name.lower()}({self.of[0]})"
        if self.name == "ROW":
            parts = (
                f"{name} {kind}" if name else str(kind)
                for name, kind in zip(self.fields, self.of, strict=True)
            )
            return f"row({', '.join(parts)})"
        return self.name.lower().replace("_", " ")


BOOLEAN = Type("BOOLEAN")
INTEGER = Type("INTEGER")
BIGINT = Type("BIGINT")
DECIMAL = Type("DECIMAL")
"""What a literal like 1.5 is; no column and no result has it."""
DOUBLE = Type("DOUBLE")
VARCHAR = Type("VARCHAR")
TIMESTAMP = Type("TIMESTAMP")
DATE = Type("DATE")
TIME = Type("TIME")
DAY_TO_SECOND = Type("INTERVAL_DAY_TO_SECOND")
YEAR_TO_MONTH = Type("INTERVAL_YEAR_TO_MONTH")
UNKNOWN = Type("UNKNOWN")
"""The type of a bare NULL."""

WHOLE = (INTEGER, BIGINT)
NUMERIC = (INTEGER, BIGINT, DECIMAL, DOUBLE)

_DUCK = {
    "BOOLEAN": "BOOLEAN",
    "INTEGER": "INTEGER",
    "BIGINT": "BIGINT",
    "DECIMAL": "DECIMAL(38,10)",
    "DOUBLE": "DOUBLE",
    "VARCHAR": "VARCHAR",
    "TIMESTAMP": "BIGINT",
    "DATE": "DATE",
    "TIME": "BIGINT",
    "INTERVAL_DAY_TO_SECOND": "BIGINT",
    "INTERVAL_YEAR_TO_MONTH": "INTEGER",
    "UNKNOWN": "INTEGER",
}


def array(of: Type) -> Type:
    """The array type of an element type."""
    return Type("ARRAY", (of,))


def timeseries(of: Type) -> Type:
    """The time series type of a value type."""
    return Type("TIMESERIES", (of,))


def row(*of: Type, fields: tuple[str | None, ...] | None = None) -> Type:
    """A row type; fields without a name are anonymous."""
    return Type("ROW", of, fields or (None,) * len(of))


def duck(kind: Type) -> str:
    """The DuckDB type that stands for a type."""
    if kind.name == "ARRAY":
        return f"{duck(kind.of[0])}[]"
    if kind.name == "TIMESERIES":
        return f"STRUCT(f0 BIGINT, f1 {duck(kind.of[0])})[]"
    if kind.name == "ROW":
        return f"STRUCT({', '.join(f'f{i} {duck(of)}' for i, of in enumerate(kind.of))})"
    return _DUCK[kind.name]


def shape(kind: Type) -> dict[str, Any]:
    """A type as ColumnInfo carries it."""
    if kind.name == "ARRAY":
        return {"ArrayColumnInfo": {"Type": shape(kind.of[0])}}
    if kind.name == "TIMESERIES":
        return {"TimeSeriesMeasureValueColumnInfo": {"Type": shape(kind.of[0])}}
    if kind.name == "ROW":
        columns = [
            {"Type": shape(of)} if name is None else {"Name": name, "Type": shape(of)}
            for name, of in zip(kind.fields, kind.of, strict=True)
        ]
        return {"RowColumnInfo": columns}
    return {"ScalarType": "DOUBLE" if kind is DECIMAL else kind.name}


def common(left: Type, right: Type) -> Type | None:
    """The type both sides are brought to before they are compared or combined; None when there is none."""
    if left == right or right is UNKNOWN:
        return left
    if left is UNKNOWN:
        return right
    if left in NUMERIC and right in NUMERIC:
        return max(left, right, key=NUMERIC.index)
    if {left.name, right.name} == {"DATE", "TIMESTAMP"}:
        return TIMESTAMP
    if left.name == right.name and left.name in ("ARRAY", "TIMESERIES"):
        inner = common(left.of[0], right.of[0])
        return Type(left.name, (inner,)) if inner else None
    return None
