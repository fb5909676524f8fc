"""Every kind of query that is supported, and what binds it: SELECT, set operations, VALUES, and parentheses."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from emulator.sql.binder import QueryBinder, QueryHandler
from emulator.sql.bound import BoundColumn, BoundExpression, BoundQuery, select
from emulator.sql.catalog import Catalog
from emulator.sql.coercion import coerce, unify
from emulator.sql.dialect import Dialect
from emulator.sql.expression import expression_handlers
from emulator.sql.ordering import bind_order_and_limit
from emulator.sql.partitions import Keys
from emulator.sql.scope import Scope
from emulator.sql.select import bind_select
from emulator.sql.types import Type, common


def query_binder(query: str, catalog: Catalog, dialect: Dialect, *, parameters: bool = False) -> QueryBinder:
    """The binder of one statement; with `parameters`, @name is allowed in it."""
    return QueryBinder(
        query, catalog, _HANDLERS, expression_handlers(dialect.functions), dialect, parameters=parameters
    )


def _parentheses(binder: QueryBinder, node: exp.Expression, outer: Scope | None) -> BoundQuery:
    return _ended(binder, node, binder.bind(node.this, outer), outer)


def _ended(binder: QueryBinder, node: exp.Expression, inner: BoundQuery, outer: Scope | None) -> BoundQuery:
    """A query with the node's ORDER BY, OFFSET and LIMIT around it."""
    tail = bind_order_and_limit(binder, node, inner.columns, Scope(parent=outer))
    if not tail and not node.args.get("with_"):
        return inner
    columns = inner.columns
    if node.args.get("limit") or node.args.get("offset"):
        columns = [replace(column, keys={}) for column in columns]
    return BoundQuery(select(["*"], f"({inner.sql}) AS {binder.alias()}") + tail, columns)


def _set_operation(binder: QueryBinder, node: exp.Expression, outer: Scope | None) -> BoundQuery:
    refuse = binder.expressions.refuse
    binder.expressions.only(node, "with_", "this", "expression", "distinct", "order", "limit", "offset")
    word = type(node).key.upper()
    left, right = binder.bind(node.this, outer), binder.bind(node.args["expression"], outer)
    if len(left.columns) != len(right.columns):
        raise refuse(f"{word} query has different number of fields", node)
    kinds = [common(a, b) for a, b in zip(left.types(), right.types(), strict=True)]
    types = [kind for kind in kinds if kind is not None]
    if len(types) != len(kinds):
        raise refuse(f"column types in {word} query are incompatible", node)
    columns = [
        BoundColumn(a.name, kind, keys=_united(node, a, b, kind))
        for a, b, kind in zip(left.columns, right.columns, types, strict=True)
    ]
    every = "" if node.args.get("distinct") else " ALL"
    combined = f"{_as_types(binder, left, types)} {word}{every} {_as_types(binder, right, types)}"
    tail = bind_order_and_limit(binder, node, columns, Scope(parent=outer))
    return BoundQuery(select(["*"], f"({combined}) AS {binder.alias()}") + tail, columns)


def _united(node: exp.Expression, left: BoundColumn, right: BoundColumn, kind: Type) -> Keys:
    """The keys of a column of both sides, as a condition on a UNION holds on each of them."""
    if not isinstance(node, exp.Union) or node.args.get("limit") or node.args.get("offset"):
        return {}
    return {r: sql for side in (left, right) if side.type == kind for r, sql in side.keys.items()}


def _as_types(binder: QueryBinder, bound: BoundQuery, types: Sequence[Type]) -> str:
    parts = []
    for i, (column, kind) in enumerate(zip(bound.columns, types, strict=True)):
        converted = coerce(BoundExpression(f"c{i}", column.type), kind)
        parts.append(f"{converted.sql if converted else 'NULL'} AS c{i}")
    return f"({select(parts, f'({bound.sql}) AS {binder.alias()}')})"


def _values(binder: QueryBinder, node: exp.Expression, outer: Scope | None) -> BoundQuery:
    expressions = binder.expressions
    rows = [
        expressions.each(row.expressions if isinstance(row, exp.Tuple) else [row], Scope(parent=outer))
        for row in map(_unwrapped, node.expressions)
    ]
    if len({len(row) for row in rows}) != 1:
        raise expressions.refuse("Values rows have different number of columns", node)
    columns = [unify(cells) for cells in zip(*rows, strict=True)]
    unified = [column for column in columns if column is not None]
    if len(unified) != len(columns):
        raise expressions.refuse("Values rows have mismatched types", node)
    lines = [f"({', '.join(column[i].sql for column in unified)})" for i in range(len(rows))]
    names = ", ".join(f"c{i}" for i in range(len(unified)))
    source = f"(VALUES {', '.join(lines)}) AS {binder.alias()}({names})"
    inner = BoundQuery(select([names], source), [BoundColumn(None, column[0].type) for column in unified])
    return _ended(binder, node, inner, outer)


def _unwrapped(row: exp.Expression) -> exp.Expression:
    """A row of VALUES without parentheses around it, which make no difference to a row."""
    while isinstance(row, exp.Paren):
        row = row.this
    return row


_HANDLERS: dict[type[exp.Expression], QueryHandler] = {
    exp.Select: bind_select,
    exp.Subquery: _parentheses,
    exp.Values: _values,
    **dict.fromkeys((exp.Union, exp.Intersect, exp.Except), _set_operation),
}
