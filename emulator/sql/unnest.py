"""UNNEST: arrays, maps and time series as rows, alone or beside the rows that they are columns of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from emulator.sql.binder import QueryBinder
from emulator.sql.bound import BoundExpression, select
from emulator.sql.coercion import field
from emulator.sql.scope import Field, Scope
from emulator.sql.tables import Relation
from emulator.sql.types import BIGINT, Type, elements


def bind_unnest(binder: QueryBinder, node: exp.Expression, scope: Scope) -> Relation:
    """Lists side by side: as long as the longest, NULL where another has ended."""
    alias = binder.alias()
    lists, fields = _taken_apart(binder, node, scope, alias)
    return f"(SELECT {_rows(lists)}) AS {alias}", fields


def bind_cross_join(binder: QueryBinder, left: Relation, node: exp.Expression, scope: Scope) -> Relation:
    """Each row of a relation beside the rows of its lists.

    The lists are taken apart in a SELECT from the relation: DuckDB would keep a copy of them for every row of a lateral
    join, and so for every row of the UNNEST before.
    """
    alias = binder.alias()
    lists, right = _taken_apart(binder, node, scope, alias)
    sql, fields = left
    columns, kept = [], []
    for i, given in enumerate(fields):
        stored = f"{alias}.s{i}" if given.value.stored else None
        columns.append(f"{given.value.sql} AS k{i}")
        if stored:
            columns.append(f"{given.value.stored} AS s{i}")
        kept.append(replace(given, value=replace(given.value, sql=f"{alias}.k{i}", stored=stored)))
    return f"({select([*columns, _rows(lists)], sql)}) AS {alias}", [*kept, *right]


def _rows(lists: Sequence[str]) -> str:
    return ", ".join(f"unnest({sql}) AS c{i}" for i, sql in enumerate(lists))


def _taken_apart(
    binder: QueryBinder, node: exp.Expression, scope: Scope, alias: str
) -> tuple[Sequence[str], list[Field]]:
    """The lists of an UNNEST, and the fields that their elements are in the columns c0, c1, … of a relation."""
    expressions = binder.expressions
    expressions.only(node, "expressions", "alias", "offset")
    lists: list[str] = []
    columns: list[_Column] = []
    for given in node.expressions:
        more, made = _columns(binder, node, expressions.bind(given, scope), alias, len(lists))
        lists, columns = [*lists, *more], [*columns, *made]
    if node.args.get("offset"):
        columns.append(_Column(None, f"{alias}.c{len(lists)}", BIGINT))
        lists.append(
            f"generate_series(1, greatest({', '.join(f'coalesce(len({sql}), 0)' for sql in lists)}))"
        )
    name = node.args.get("alias")
    labels = [column.name for column in name.args.get("columns") or ()] if name else []
    if labels and len(labels) != len(columns):
        raise expressions.refuse(f"Column alias list has {len(labels)} entries, not {len(columns)}", node)
    table = (name.name,) if name else ()
    return lists, [
        Field(label, BoundExpression(column.sql, column.type, nan=True), table)
        for label, column in zip(labels or [column.name for column in columns], columns, strict=True)
    ]


@dataclass(frozen=True)
class _Column:
    """A column of an UNNEST: its own name, which only fields of rows have, its SQL and its type."""

    name: str | None
    sql: str
    type: Type


def _columns(
    binder: QueryBinder, node: exp.Expression, value: BoundExpression, alias: str, first: int
) -> tuple[Sequence[str], Sequence[_Column]]:
    """The lists that an argument is, and the columns that they make: a row's fields are columns of their own."""
    place = f"{alias}.c{first}"
    if value.type.name == "MAP":
        lists = (f"map_keys({value.sql})", f"map_values({value.sql})")
        key, of = value.type.of
        return lists, [_Column(None, place, key), _Column(None, f"{alias}.c{first + 1}", of)]
    element = elements(value.type)
    if element is None:
        raise binder.expressions.refuse(f"Cannot unnest type: {value.type}", node)
    if element.name != "ROW":
        return (value.sql,), [_Column(None, place, element)]
    parts = [field(BoundExpression(place, element), i) for i in range(len(element.of))]
    return (value.sql,), [
        _Column(name, part.sql, part.type) for name, part in zip(element.names, parts, strict=True)
    ]
