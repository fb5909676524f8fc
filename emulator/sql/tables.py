"""The meanings of a name in FROM: a query of WITH, a table, or a view."""

from dataclasses import replace

from sqlglot import exp

from emulator.sql import types
from emulator.sql.binder import QueryBinder
from emulator.sql.bound import BoundColumn, BoundExpression, BoundQuery, name, select
from emulator.sql.catalog import Column, TableInfo, ViewInfo
from emulator.sql.coercion import coerce
from emulator.sql.errors import InvalidQueryError
from emulator.sql.parser import position
from emulator.sql.partitions import Reading, referenced
from emulator.sql.scope import Field

Relation = tuple[str, list[Field]]
"""A relation's SQL, and the columns that it offers by name."""


def bind_table(binder: QueryBinder, node: exp.Table) -> Relation:
    """Bind a name in FROM, with its alias."""
    binder.expressions.only(node, "this", "db", "catalog", "alias", "joins")
    parts = [part.name for part in (node.args.get("catalog"), node.args.get("db"), node.this) if part]
    found = binder.with_query(parts[0]) if len(parts) == 1 else None
    if found is not None:
        again = referenced([column.keys for column in found[1].columns])
        columns = [replace(c, keys=keys) for c, keys in zip(found[1].columns, again, strict=True)]
        bound = binder.renamed(node, BoundQuery(found[1].sql, columns))
        return named(binder, found[0], bound, (node.alias or parts[0],))
    info = binder.table(parts, position(node))
    if isinstance(info, TableInfo):
        return _table(binder, node, info)
    bound = binder.renamed(node, _view(binder, node, info))
    return named(binder, f"({bound.sql})", bound, (node.alias,) if node.alias else (info.database, info.name))


def named(binder: QueryBinder, sql: str, bound: BoundQuery, qualifier: tuple[str, ...]) -> Relation:
    """A query as a relation whose columns go by its columns' names, with the given names before them."""
    alias = binder.alias()
    fields = [
        Field(c.name, BoundExpression(f"{alias}.c{i}", c.type, nan=True), qualifier, c.origin, keys=c.keys)
        for i, c in enumerate(bound.columns)
    ]
    return f"{sql} AS {alias}", fields


def _table(binder: QueryBinder, node: exp.Table, info: TableInfo) -> Relation:
    visible = [c for c in info.columns if not c.hidden]
    given = node.args["alias"].args.get("columns") if node.args.get("alias") else None
    if given and len(given) != len(visible):
        raise binder.expressions.refuse(
            f"Column alias list has {len(given)} entries, not {len(visible)}", node
        )
    labels = {id(column): label.name for column, label in zip(visible, given or (), strict=False)}
    alias = binder.alias()
    qualifier = (node.alias,) if node.alias else (info.database, info.name)
    relation, reading = info.relation, None
    if relation is None:
        relation = f"reading_{alias}"
        reading = Reading(info, relation)
        binder.readings.append(reading)
    fields = [
        Field(
            labels.get(id(column), column.name),
            _stored(alias, column),
            qualifier,
            (info.database, info.name),
            hidden=column.hidden,
            keys={reading: name(column.physical)} if reading is not None and column.key else {},
        )
        for column in info.columns
    ]
    return f"{relation} AS {alias}", fields


def _stored(alias: str, column: Column) -> BoundExpression:
    sql = f"{alias}.{name(column.physical)}"
    kind = types.column(column.type)
    if kind is not types.TIMESTAMP:
        return BoundExpression(sql, kind)
    return BoundExpression(f"epoch_ns({sql})", kind, stored=sql, since_1970=column.since_1970)


def _view(binder: QueryBinder, node: exp.Expression, view: ViewInfo) -> BoundQuery:
    """A view's query with the columns that it promised; the error for one that no longer keeps to it."""
    refuse, label = binder.expressions.refuse, f"{view.database}.{view.name}"
    try:
        bound = binder.of_view(view)
    except InvalidQueryError as error:
        raise refuse(f"Failed analyzing stored view '{label}': {error.message}", node) from error
    if len(bound.columns) != len(view.columns):
        raise refuse(f"View '{label}' is stale or in invalid state: column count mismatch", node)
    parts, columns = [], []
    for i, (column, (wanted, kind)) in enumerate(zip(bound.columns, view.columns, strict=True)):
        value = coerce(BoundExpression(f"c{i}", column.type), types.column(kind))
        if value is None or (column.name or "").lower() != wanted.lower():
            raise refuse(
                f"View '{label}' is stale or in invalid state: column [{column.name}] of type {column.type} projected"
                f" from query view at position {i} does not match column [{wanted}] of type {kind.lower()} of the view",
                node,
            )
        parts.append(f"{value.sql} AS c{i}")
        keys = column.keys if value.type == column.type else {}
        columns.append(BoundColumn(wanted, value.type, (view.database, view.name), keys=keys))
    return BoundQuery(select(parts, f"({bound.sql}) AS {binder.alias()}"), columns)
