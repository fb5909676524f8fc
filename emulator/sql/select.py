"""SELECT: its columns, WHERE, GROUP BY and HAVING."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sqlglot import exp

from emulator.sql.binder import QueryBinder
from emulator.sql.bound import BoundColumn, BoundQuery
from emulator.sql.functions import is_aggregate, is_aggregate_call
from emulator.sql.grouping import check_grouping
from emulator.sql.ordering import bind_order_and_limit, ordinal
from emulator.sql.partitions import keys_of, keys_through, narrow, windows_keys
from emulator.sql.placement import refuse_in_clause, refuse_windows
from emulator.sql.relations import bind_from
from emulator.sql.scope import Scope, qualifies

_GROUPING = {exp.GroupingSets: "GROUPING SETS", exp.Rollup: "ROLLUP", exp.Cube: "CUBE"}


def bind_select(binder: QueryBinder, node: exp.Expression, outer: Scope | None) -> BoundQuery:
    """Bind one SELECT; a name in it that its FROM does not have may be a column of the query around it."""
    expressions = binder.expressions
    expressions.only(
        node, "with_", "expressions", "distinct", "from_", "joins", "where", "group", "having",
        "order", "limit", "offset",
    )  # fmt: skip
    from_sql, scope = bind_from(binder, node, outer)
    where, group, having, distinct = (
        node.args.get(part) for part in ("where", "group", "having", "distinct")
    )
    where_sql, group_sql, having_sql = "", "", ""
    own = partial(is_aggregate_call, of_dialect=expressions.dialect.aggregates)
    if where is not None:
        refuse_in_clause(expressions, where.this, "WHERE clause", own)
        condition = expressions.condition(where.this, replace(scope, pushdown=True), "WHERE clause")
        where_sql = f" WHERE {condition}"
        narrow(expressions.without_subqueries, where.this, scope.fields)
    columns = _columns(binder, node, scope)
    if group is not None:
        for item in group.expressions:
            place = ordinal(binder, item, columns, "GROUP BY")
            # A number counts columns, which are the items unless one of them is a star.
            counted = place if place is not None and len(columns) == len(node.expressions) else 0
            meant = node.expressions[counted - 1] if counted else item
            refuse_in_clause(expressions, meant, "GROUP BY clause", own)
        group_sql = f" GROUP BY {_grouping_list(binder, group, columns, scope)}"
    if having is not None:
        nested = "HAVING clause cannot contain window functions or row pattern measures"
        refuse_windows(expressions, [having.this], nested)
        having_sql = f" HAVING {expressions.condition(having.this, scope, 'HAVING clause')}"
    if distinct is not None:
        expressions.only(distinct)
    selected = ", ".join(f"{column.value.sql} AS c{i}" for i, column in enumerate(columns) if column.value)
    tail = bind_order_and_limit(binder, node, columns, scope, distinct=distinct is not None)
    check_grouping(binder, node, columns, scope)
    word = "SELECT DISTINCT" if distinct is not None else "SELECT"
    return BoundQuery(
        f"{word} {selected}{from_sql}{where_sql}{group_sql}{having_sql}{tail}",
        _passing(binder, node, columns, scope),
    )


def _columns(binder: QueryBinder, node: exp.Expression, scope: Scope) -> list[BoundColumn]:
    columns: list[BoundColumn] = []
    for item in node.expressions:
        if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
            columns.extend(_star(binder, item, scope))
        else:
            columns.append(_column(binder, item, scope))
    return columns


def _star(binder: QueryBinder, item: exp.Expression, scope: Scope) -> list[BoundColumn]:
    binder.expressions.only(item if isinstance(item, exp.Star) else item.this)
    table = [part.name for part in (item.args.get("db"), item.args.get("table")) if part is not None]
    fields = [f for f in scope.fields if not (f.hidden and not table) and qualifies(f.table, table)]
    if not fields:
        without = "SELECT * not allowed in queries without FROM"
        message = f"Table '{'.'.join(table)}' not found" if table else without
        raise binder.expressions.refuse(message, item)
    return [BoundColumn(f.name, f.value.type, f.origin, value=f.value, keys=f.keys) for f in fields]


def _column(binder: QueryBinder, item: exp.Expression, scope: Scope) -> BoundColumn:
    alias, inner = None, item
    if isinstance(item, exp.Alias):
        alias, inner = item.alias, item.this
    value = binder.expressions.bind(inner, scope)
    origin, label = None, alias
    if isinstance(inner, exp.Column):
        parts = [part.name for part in (inner.args.get("db"), inner.args.get("table"), inner.this) if part]
        field = scope.find(parts, quoted=bool(inner.this.args.get("quoted")))
        origin = field.origin if field else None
        label = alias or inner.name
    keys = (
        {} if inner.find(exp.Window) else keys_of(binder.expressions.without_subqueries, inner, scope.fields)
    )
    return BoundColumn(label, value.type, origin, aliased=alias is not None, value=value, keys=keys)


def _passing(
    binder: QueryBinder, node: exp.Expression, columns: Sequence[BoundColumn], scope: Scope
) -> Sequence[BoundColumn]:
    """The columns with only those keys by which a condition on them may be taken below this SELECT."""
    if not any(column.keys for column in columns):
        return columns
    bind, group = binder.expressions.without_subqueries, node.args.get("group")
    calls = [call for item in node.expressions for call in item.find_all(exp.Anonymous)]
    own = binder.expressions.dialect.aggregates
    whole = any(is_aggregate(str(call.this), own) and not call.find_ancestor(exp.Window) for call in calls)
    windows = [window for item in node.expressions for window in item.find_all(exp.Window)]
    partitioned = windows_keys(bind, windows, scope.fields)
    grouped = _grouped(binder, group.expressions, columns, scope) if group is not None else set()
    kept = []
    for column in columns:
        stays = column.value is not None and column.value.sql in grouped if group is not None else not whole
        stays = stays and not node.args.get("limit") and not node.args.get("offset")
        kept.append(replace(column, keys=keys_through(partitioned, column.keys) if stays else {}))
    return kept


def _grouped(
    binder: QueryBinder, items: Sequence[exp.Expression], columns: Sequence[BoundColumn], scope: Scope
) -> set[str]:
    """The SQL of what is grouped by; none where there are several groupings."""
    if any(type(item) in _GROUPING or isinstance(item, exp.Tuple) for item in items):
        return set()
    places = [(item, ordinal(binder, item, columns, "GROUP BY")) for item in items]
    values = [columns[place - 1].value if place else None for _, place in places]
    return {
        value.sql if value is not None else binder.expressions.bind(item, scope).sql
        for (item, _), value in zip(places, values, strict=True)
    }


def _grouping_list(
    binder: QueryBinder, node: exp.Expression, columns: Sequence[BoundColumn], scope: Scope
) -> str:
    return ", ".join(_grouping(binder, item, columns, scope) for item in node.expressions)


def _grouping(binder: QueryBinder, item: exp.Expression, columns: Sequence[BoundColumn], scope: Scope) -> str:
    word = _GROUPING.get(type(item))
    if word is not None:
        binder.expressions.only(item, "expressions")
        return f"{word} ({_grouping_list(binder, item, columns, scope)})"
    if isinstance(item, exp.Tuple):
        return f"({_grouping_list(binder, item, columns, scope)})"
    if isinstance(item, exp.Paren):
        return _grouping(binder, item.this, columns, scope)
    position = ordinal(binder, item, columns, "GROUP BY")
    return binder.expressions.bind(item, scope).sql if position is None else str(position)
