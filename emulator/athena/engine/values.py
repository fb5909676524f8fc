"""Values as Athena's results show them: text, with arrays as [a, b], maps and rows as {k=v}."""

from collections.abc import Iterator

import duckdb

from emulator.sql.bound import text
from emulator.sql.double_text import scientific
from emulator.sql.execution import duckdb_errors
from emulator.sql.render import as_text
from emulator.sql.types import DOUBLE, VARBINARY, Type

_BATCH = 10_000
_DIGITS = 3


def text_of(sql: str, kind: Type, depth: int = 0) -> str:
    """The SQL of a value's text, NULL for NULL; a double at the top stays one, for `rows`."""
    item = f"v{depth}"
    if kind.name == "ARRAY":
        each = f"list_transform({sql}, lambda {item}: {_within(item, kind.of[0], depth + 1)})"
        return f"('[' || array_to_string({each}, ', ') || ']')"
    if kind.name == "MAP":
        key, value = (
            _within(f"{item}.{part}", of, depth + 1)
            for part, of in zip(("key", "value"), kind.of, strict=True)
        )
        each = f"list_transform(map_entries({sql}), lambda {item}: {key} || '=' || {value})"
        return f"('{{' || array_to_string({each}, ', ') || '}}')"
    if kind.name == "ROW":
        names = [name or f"field{i}" for i, name in enumerate(kind.names)]
        parts = [
            text(f"{name}=") + " || " + _within(f"struct_extract({sql}, 'f{i}')", of, depth + 1)
            for i, (name, of) in enumerate(zip(names, kind.of, strict=True))
        ]
        joined = " || ', ' || ".join(parts)
        return f"(CASE WHEN {sql} IS NOT NULL THEN '{{' || {joined} || '}}' END)"
    if kind is VARBINARY:
        return f"rtrim(regexp_replace(lower(hex({sql})), '(..)', '\\1 ', 'g'))"
    if kind is DOUBLE and depth == 0:
        return sql
    return as_text(sql, kind, _DIGITS)


def rows(cursor: duckdb.DuckDBPyConnection) -> Iterator[list[str | None]]:
    """The texts of a cursor's rows, which are text but for doubles."""
    while True:
        with duckdb_errors():
            batch = cursor.fetchmany(_BATCH)
        if not batch:
            return
        for row in batch:
            yield [double(value) if value.__class__ is float else value for value in row]


def double(value: float) -> str:
    """A double's text as Java spells it: plain from 0.001 to 10,000,000, else as 1.5E10."""
    return repr(value) if 1e-3 <= abs(value) < 1e7 or value == 0 else scientific(repr(value))


def _within(sql: str, kind: Type, depth: int) -> str:
    return f"coalesce({text_of(sql, kind, depth)}, 'null')"
