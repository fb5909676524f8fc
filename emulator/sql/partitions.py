"""The partitions that a query needs: its conditions on partition columns, as SQL over a list of partitions.

A place in a query that reads a table is a Reading. A column that is computed from partition columns alone has keys: for
each reading below it, its SQL over that reading's partitions. Where rows are left out, what the condition says of keys
is noted at the reading. A condition passes what Trino pushes it through: derived tables, UNION, grouping by the column,
and windows that are partitioned by it; nothing passes LIMIT or the side of an outer join that may be missing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from emulator.sql.bound import BoundExpression
from emulator.sql.catalog import TableInfo
from emulator.sql.errors import InvalidQueryError
from emulator.sql.scope import Field, Scope

Bind = Callable[[exp.Expression, Scope], BoundExpression]
"""Binds an expression without subqueries."""

_UNKNOWN = "\2"
"""The SQL of a column that is no key. It cannot be in a query's text."""
_CHANGING = ("random(", _UNKNOWN)


@dataclass(eq=False)
class Reading:
    """A place in a query that reads a table, or what reads that place once more by its name in WITH."""

    table: TableInfo
    relation: str
    conditions: list[str] = field(default_factory=list)
    references: list["Reading"] = field(default_factory=list)

    def condition(self) -> str:
        """The SQL that is true for each partition that may be needed."""
        every = list(self.conditions)
        if self.references:
            every.append(f"({' OR '.join(reference.condition() for reference in self.references)})")
        return " AND ".join(every) or "TRUE"

    def referenced(self) -> "Reading":
        """A reading of the same place, for what reads a WITH query."""
        reference = Reading(self.table, self.relation)
        self.references.append(reference)
        return reference


Keys = Mapping[Reading, str]
"""A column's SQL over the partitions of each reading for which it has one."""


def narrow(bind: Bind, condition: exp.Expression, fields: Sequence[Field]) -> None:
    """Note at each reading what a condition that every row must meet says of its partitions."""
    for reading in _readings(fields):
        sql = _condition(bind, condition, _scope(fields, reading))
        if sql is not None:
            reading.conditions.append(sql)


def keys_of(bind: Bind, node: exp.Expression, fields: Sequence[Field]) -> Keys:
    """The keys of an expression."""
    names = {column.name.lower() for column in node.find_all(exp.Column)}
    fields = [f for f in fields if f.name is not None and f.name.lower() in names]
    found = {reading: _bound(bind, node, _scope(fields, reading)) for reading in _readings(fields)}
    return {reading: sql for reading, sql in found.items() if sql is not None}


def windows_keys(
    bind: Bind, windows: Sequence[exp.Window], fields: Sequence[Field]
) -> Sequence[Sequence[Keys]]:
    """The keys of what each window is partitioned by."""
    return [
        [keys_of(bind, node, fields) for node in window.args.get("partition_by") or ()] for window in windows
    ]


def keys_through(windows: Sequence[Sequence[Keys]], keys: Keys) -> Keys:
    """Those keys of a column by which every window is partitioned."""
    return {
        reading: sql
        for reading, sql in keys.items()
        if all(any(part.get(reading) == sql for part in parts) for parts in windows)
    }


def without_keys(fields: Sequence[Field]) -> list[Field]:
    """The fields of a relation whose rows a join may make up."""
    return [replace(f, keys={}) for f in fields]


def referenced(keys: Sequence[Keys]) -> list[Keys]:
    """The keys of a WITH query's columns, for one more reader of it."""
    again = {reading: reading.referenced() for reading in {r: None for column in keys for r in column}}
    return [{again[reading]: sql for reading, sql in column.items()} for column in keys]


def _readings(fields: Sequence[Field]) -> list[Reading]:
    return list({reading: None for f in fields for reading in f.keys})


def _scope(fields: Sequence[Field], reading: Reading) -> Scope:
    return Scope(
        [replace(f, value=BoundExpression(f.keys.get(reading, _UNKNOWN), f.value.type)) for f in fields]
    )


def _condition(bind: Bind, node: exp.Expression, scope: Scope) -> str | None:
    """The SQL of what a condition says of keys alone: part of an AND, all or nothing of an OR."""
    if isinstance(node, exp.Paren):
        return _condition(bind, node.this, scope)
    if isinstance(node, exp.And):
        parts = [_condition(bind, side, scope) for side in (node.this, node.expression)]
        known = [part for part in parts if part is not None]
        return f"({' AND '.join(known)})" if known else None
    if isinstance(node, exp.Or):
        left, right = (_condition(bind, side, scope) for side in (node.this, node.expression))
        return f"({left} OR {right})" if left is not None and right is not None else None
    return _bound(bind, node, scope)


def _bound(bind: Bind, node: exp.Expression, scope: Scope) -> str | None:
    try:
        sql = bind(node, scope).sql
    except InvalidQueryError:
        return None
    return None if any(mark in sql for mark in _CHANGING) else sql
