"""ORDER BY, LIMIT and OFFSET."""

from collections.abc import Sequence

from sqlglot import exp

from emulator.sql.binder import QueryBinder
from emulator.sql.bound import BoundColumn, BoundExpression
from emulator.sql.scope import Field, Scope


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
    keys = (
        [_sort_key(binder, k, columns, scope, distinct=distinct) for k in order.expressions] if order else ()
    )
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


def _sort_key(
    binder: QueryBinder, item: exp.Expression, columns: Sequence[BoundColumn], scope: Scope, *, distinct: bool
) -> str:
    binder.expressions.only(item, "this", "desc", "nulls_first")
    direction = " DESC" if item.args.get("desc") else " ASC"
    nulls = " NULLS FIRST" if item.args.get("nulls_first") else " NULLS LAST"
    return _sort_value(binder, item.this, columns, scope, distinct=distinct) + direction + nulls


def _sort_value(
    binder: QueryBinder, item: exp.Expression, columns: Sequence[BoundColumn], scope: Scope, *, distinct: bool
) -> str:
    position = ordinal(binder, item, columns, "ORDER BY")
    if position is not None:
        return str(position)
    named = [(i, c.name, c) for i, c in enumerate(columns) if c.name is not None]
    if isinstance(item, exp.Column) and not item.args.get("table"):
        same = [(i, c) for i, name, c in named if name.lower() == item.name.lower()]
        if len({_identity(i, c) for i, c in same}) > 1:
            raise binder.expressions.refuse(f"Column '{item.name}' is ambiguous", item)
        if same:
            return str(same[0][0] + 1)
    fields = [Field(name, c.value or BoundExpression(f"c{i}", c.type)) for i, name, c in named]
    sql = binder.expressions.bind(item, Scope(fields, parent=scope)).sql
    for i, column in enumerate(columns):
        if column.value is not None and column.value.sql == sql:
            return str(i + 1)
    if distinct:
        raise binder.expressions.refuse(
            "For SELECT DISTINCT, ORDER BY expressions must appear in select list", item
        )
    return f"({sql})"


def _identity(index: int, column: BoundColumn) -> str:
    """Two columns of one name are no problem where they are the same expression."""
    return column.value.sql if column.value is not None else str(index)


def _limit(binder: QueryBinder, node: exp.Expression | None, word: str) -> str:
    if node is None:
        return ""
    if isinstance(node, exp.Fetch):
        raise binder.expressions.refuse("FETCH FIRST is not supported; use LIMIT", node)
    binder.expressions.only(node, "expression")
    count = node.args["expression"]
    if isinstance(count, exp.Var) and count.name.upper() == "ALL" and word == "LIMIT":
        return ""
    if not isinstance(count, exp.Literal) or count.is_string or not count.name.isdigit():
        raise binder.expressions.refuse(f"{word} must be a whole number", node)
    return f" {word} {count.name}"
