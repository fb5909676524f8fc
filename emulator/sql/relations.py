"""FROM: tables, subqueries, VALUES, UNNEST and joins of them."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from emulator.sql.binder import QueryBinder
from emulator.sql.bound import BoundExpression
from emulator.sql.coercion import unify
from emulator.sql.partitions import narrow, without_keys
from emulator.sql.scope import Field, Scope
from emulator.sql.tables import Relation, bind_table, named

_SIDES = {"": "INNER JOIN", "LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN"}


def bind_from(binder: QueryBinder, node: exp.Expression, outer: Scope | None) -> tuple[str, Scope]:
    """The SQL of a SELECT's FROM clause, and the scope of what it offers."""
    first = node.args.get("from_")
    if first is None:
        return "", Scope(parent=outer)
    relation = _relation(binder, first.this, Scope(parent=outer))
    sql, fields = _joined(binder, _joined(binder, relation, first.this, outer), node, outer)
    return f" FROM {sql}", Scope(fields, parent=outer)


def _joined(binder: QueryBinder, left: Relation, node: exp.Expression, outer: Scope | None) -> Relation:
    """A relation with all joins that a node has."""
    for joined in node.args.get("joins") or ():
        left = _join(binder, left, joined, outer)
    return left


def _relation(binder: QueryBinder, node: exp.Expression, scope: Scope) -> Relation:
    if isinstance(node, exp.Table):
        return bind_table(binder, node)
    if isinstance(node, exp.Unnest):
        return _unnest(binder, node, scope)
    if isinstance(node, exp.Paren):
        return _relation(binder, node.this, scope)
    if isinstance(node, exp.Subquery | exp.Values):
        return _derived(binder, node, scope)
    raise binder.expressions.refuse(f"{type(node).key.upper()} is not supported in FROM", node)


def _derived(binder: QueryBinder, node: exp.Expression, scope: Scope) -> Relation:
    inner = node.copy()
    inner.set("alias", None)
    if isinstance(node, exp.Subquery):
        binder.expressions.only(node, "this", "alias", "with_", "order", "limit", "offset", "joins")
        if isinstance(node.this, exp.Table):
            return _parenthesized(binder, node, scope)
    bound = binder.renamed(node, binder.bind(inner, scope.parent))
    alias = node.args.get("alias")
    return named(binder, f"({bound.sql})", bound, (alias.name,) if alias else ())


def _parenthesized(binder: QueryBinder, node: exp.Expression, scope: Scope) -> Relation:
    if node.args.get("alias"):
        raise binder.expressions.refuse("A parenthesized join takes no alias", node)
    sql, fields = _joined(binder, _relation(binder, node.this, scope), node.this, scope.parent)
    return f"({sql})", fields


def _unnest(binder: QueryBinder, node: exp.Unnest, scope: Scope) -> Relation:
    expressions = binder.expressions
    expressions.only(node, "expressions", "alias")
    if len(node.expressions) != 1:
        raise expressions.refuse("UNNEST takes one array or time series here", node)
    value = expressions.bind(node.expressions[0], scope)
    lists = {"ARRAY": (value.sql,), "MAP": (f"map_keys({value.sql})", f"map_values({value.sql})")}
    if value.type.name not in lists:
        raise expressions.refuse(f"Cannot unnest type: {value.type}", node)
    alias, given = binder.alias(), node.args.get("alias")
    labels: list[str | None] = [c.name for c in given.args.get("columns") or ()] if given else []
    kinds = value.type.of
    if labels and len(labels) != len(kinds):
        raise expressions.refuse(f"Column alias list has {len(labels)} entries, not {len(kinds)}", node)
    fields = [
        Field(label, BoundExpression(f"{alias}.c{i}", kind, nan=True), (given.name,) if given else ())
        for i, (label, kind) in enumerate(zip(labels or [None] * len(kinds), kinds, strict=True))
    ]
    parts = [f"unnest({sql}) AS c{i}" for i, sql in enumerate(lists[value.type.name])]
    return f"(SELECT {', '.join(parts)}) AS {alias}", fields


def _join(binder: QueryBinder, left: Relation, node: exp.Expression, outer: Scope | None) -> Relation:
    refuse = binder.expressions.refuse
    sql, fields = left
    binder.expressions.only(node, "this", "side", "kind", "on", "using")
    kind, side = str(node.args.get("kind") or "").upper(), str(node.args.get("side") or "").upper()
    relation = _relation(binder, node.this, Scope(fields, parent=outer))
    if isinstance(node.this, exp.Table):
        relation = _joined(binder, relation, node.this, outer)
    right_sql, right = relation
    on, using = node.args.get("on"), node.args.get("using")
    if kind == "CROSS" or (not kind and not side and on is None and not using):
        lateral = "LATERAL " if isinstance(node.this, exp.Unnest) else ""
        return f"{sql} CROSS JOIN {lateral}{right_sql}", [*fields, *right]
    if side not in _SIDES or kind not in ("", "INNER", "OUTER") or isinstance(node.this, exp.Unnest):
        raise refuse(f"{side} {kind} JOIN is not supported here".strip(), node)
    if using:
        left_kept, right_kept = _sure(side, fields, right)
        condition, merged = _using(binder, node, left_kept, right_kept, side)
        return f"{sql} {_SIDES[side]} {right_sql} ON {condition}", merged
    if on is None:
        raise refuse("JOIN needs ON or USING", node)
    scope = Scope([*fields, *right], parent=outer, pushdown=True)
    condition = binder.expressions.condition(on, scope, "JOIN ON clause")
    narrowed = {"": [*fields, *right], "LEFT": right, "RIGHT": fields, "FULL": []}
    narrow(binder.expressions.without_subqueries, on, narrowed[side])
    left_kept, right_kept = _sure(side, fields, right)
    return f"{sql} {_SIDES[side]} {right_sql} ON {condition}", [*left_kept, *right_kept]


def _sure(side: str, left: list[Field], right: list[Field]) -> tuple[list[Field], list[Field]]:
    """The fields of both sides, without keys where a join makes up rows."""
    return (
        without_keys(left) if side in ("RIGHT", "FULL") else left,
        without_keys(right) if side in ("LEFT", "FULL") else right,
    )


def _using(
    binder: QueryBinder, node: exp.Expression, left: Sequence[Field], right: Sequence[Field], side: str
) -> Relation:
    refuse = binder.expressions.refuse
    conditions, merged, shown = [], [], set()
    for identifier in node.args["using"]:
        wanted = identifier.name.lower()
        pair = [[f for f in fields if f.name and f.name.lower() == wanted] for fields in (left, right)]
        if [len(found) for found in pair] != [1, 1]:
            raise refuse(f"Column '{identifier.name}' is missing or ambiguous in JOIN USING", node)
        first, second = pair[0][0], pair[1][0]
        both = unify([first.value, second.value])
        if both is None:
            raise refuse(f"Column '{identifier.name}' has two types in JOIN USING", node)
        conditions.append(f"{both[0].sql} = {both[1].sql}")
        value = both[1] if side == "RIGHT" else both[0]
        if side == "FULL":
            value = BoundExpression(f"coalesce({both[0].sql}, {both[1].sql})", both[0].type)
        keys = {**first.keys, **second.keys} if first.value.type == second.value.type else {}
        merged.append(Field(first.name, replace(value, stored=None), keys=keys))
        shown |= {id(first), id(second)}
    kept = [replace(f, hidden=True) if id(f) in shown else f for f in (*left, *right)]
    return " AND ".join(conditions), [*merged, *kept]
