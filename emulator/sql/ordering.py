"""ORDER BY, LIMIT and OFFSET."""

from collections.abc import Sequence

from sqlglot import exp

from emulator.sql.binder import QueryBinder
from emulator.sql.bound import BoundColumn, BoundExpression
from emulator.sql.scope import Field, Scope
from emulator.sql.types import Type


def bind_order_and_limit(
    binder: QueryBinder,
    node: exp.Expression,
    columns: Sequence[BoundColumn],
    scope: Scope,
    *,
    distinct: bool = False,
) -> str:
    """The SQL of what ends a query: its order and how many of its rows."""
    order = node.args.get("order")
    given = [key for key in order.expressions if not _is_constant(key.this)] if order else ()
    keys = [_sort_key(binder, key, columns, scope, distinct=distinct) for key in given]
    sql = f" ORDER BY {', '.join(keys)}" if keys else ""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    return sql + _limit(binder, limit, "LIMIT") + _limit(binder, offset, "OFFSET")


def ordinal(
    binder: QueryBinder, item: exp.Expression, columns: Sequence[BoundColumn], clause: str
) -> int | None:
    """The column, counted from 1, that a bare number in GROUP BY or ORDER BY means; None for anything else."""
    if not isinstance(item, exp.Literal) or item.is_string:
        return None
    if not item.name.isdigit() or not 1 <= int(item.name) <= len(columns):
        raise binder.expressions.refuse(f"{clause} position {item.name} is not in select list", item)
    return int(item.name)


def _is_constant(item: exp.Expression) -> bool:
    """True for a text or the like, by which nothing is sorted; DuckDB refuses it."""
    return isinstance(item, exp.Boolean | exp.Null) or (
        isinstance(item, exp.Literal) and bool(item.is_string)
    )


def _sort_key(
    binder: QueryBinder, key: exp.Expression, columns: Sequence[BoundColumn], scope: Scope, *, distinct: bool
) -> str:
    binder.expressions.only(key, "this", "desc", "nulls_first")
    place = _sort_place(binder, key.this, columns)
    if place:
        _check_order(binder, key, columns[place - 1].type)
    value = str(place) if place else _sort_value(binder, key.this, columns, scope, distinct=distinct)
    direction = "DESC" if key.args.get("desc") else "ASC"
    return f"{value} {direction} NULLS {'FIRST' if key.args.get('nulls_first') else 'LAST'}"


def _sort_place(binder: QueryBinder, item: exp.Expression, columns: Sequence[BoundColumn]) -> int | None:
    """The column, counted from 1, whose number or name an item of ORDER BY is."""
    if not isinstance(item, exp.Column) or item.args.get("table"):
        return ordinal(binder, item, columns, "ORDER BY")
    folded = item.name.lower()
    same = {i: c for i, c in enumerate(columns, 1) if c.name is not None and c.name.lower() == folded}
    # Two columns of one name are no problem where they are the same expression.
    if len({column.value.sql if column.value else str(i) for i, column in same.items()}) > 1:
        raise binder.expressions.refuse(f"Column '{item.name}' is ambiguous", item)
    return next(iter(same), None)


def _check_order(binder: QueryBinder, item: exp.Expression, kind: Type) -> None:
    if kind.name == "TIMESERIES":
        raise binder.expressions.refuse(
            f"Type {kind} is not orderable, and therefore cannot be used in ORDER BY", item
        )


def _sort_value(
    binder: QueryBinder, item: exp.Expression, columns: Sequence[BoundColumn], scope: Scope, *, distinct: bool
) -> str:
    fields = [
        Field(c.name, c.value or BoundExpression(f"c{i}", c.type))
        for i, c in enumerate(columns)
        if c.name is not None
    ]
    value = binder.expressions.bind(item, Scope(fields, parent=scope))
    _check_order(binder, item, value.type)
    sql = value.sql
    for i, column in enumerate(columns, 1):
        if column.value is not None and column.value.sql == sql:
            return str(i)
    if distinct:
        raise binder.expressions.refuse(
            "For SELECT DISTINCT, ORDER BY expressions must appear in select list", item
        )
    return f"({sql})"


def _limit(binder: QueryBinder, node: exp.Expression | None, word: str) -> str:
    if node is None:
        return ""
    count = node.args["expression"]
    if isinstance(count, exp.Placeholder):
        raise binder.expressions.lacks(f"{word} of a parameter", node)
    return "" if isinstance(count, exp.Var) else f" {word} {count.name}"
