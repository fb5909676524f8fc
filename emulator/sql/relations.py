"""FROM: tables, subqueries, VALUES, UNNEST and joins of them."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sqlglot import exp

from emulator.sql.binder import QueryBinder
from emulator.sql.bound import BoundExpression
from emulator.sql.coercion import unify
from emulator.sql.functions import is_aggregate_call
from emulator.sql.partitions import narrow, without_keys
from emulator.sql.placement import refuse_in_clause
from emulator.sql.scope import Field, Scope
from emulator.sql.tables import Relation, bind_table, named
from emulator.sql.unnest import bind_cross_join, bind_unnest

_SIDES = {"": "INNER JOIN", "LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN"}


def bind_from(binder: QueryBinder, node: exp.Expression, outer: Scope | None) -> tuple[str, Scope]:
    """The SQL of a SELECT's FROM clause, and the scope of what it offers."""
    first = node.args.get("from_")
    if first is None:
        return "", Scope(parent=outer)
    relation = _relation(binder, first.this, Scope(parent=outer))
    sql, fields = _joined(binder, relation, node, Scope(parent=outer))
    return f" FROM {sql}", Scope(fields, parent=outer)


def _joined(binder: QueryBinder, left: Relation, node: exp.Expression, before: Scope) -> Relation:
    """A relation with all joins that a node has; UNNEST in them also sees what comes before."""
    for joined in node.args.get("joins") or ():
        left = _join(binder, left, joined, before)
    return left


def _relation(binder: QueryBinder, node: exp.Expression, before: Scope) -> Relation:
    """A relation with its joins."""
    relation = _first(binder, node, before)
    if not node.args.get("joins"):
        return relation
    sql, fields = _joined(binder, relation, node, before)
    return f"({sql})", fields


def _first(binder: QueryBinder, node: exp.Expression, before: Scope) -> Relation:
    if isinstance(node, exp.Table):
        return bind_table(binder, node)
    if isinstance(node, exp.Unnest):
        return bind_unnest(binder, node, before)
    if isinstance(node, exp.Paren):
        if node.args.get("alias"):
            raise binder.expressions.lacks("an alias of a relation in parentheses", node)
        return _relation(binder, node.this, before)
    bound = binder.renamed(node, binder.bind(node.this, before.parent))
    alias = node.args.get("alias")
    return named(binder, f"({bound.sql})", bound, (alias.name,) if alias else ())


def _join(binder: QueryBinder, left: Relation, node: exp.Expression, before: Scope) -> Relation:
    sql, fields = left
    outer, on = before.parent, node.args.get("on")
    if isinstance(node.this, exp.Unnest) and node.args["kind"] == "CROSS" and not before.fields:
        return bind_cross_join(binder, left, node.this, Scope(fields, parent=outer))
    right_sql, right = _relation(binder, node.this, Scope([*before.fields, *fields], parent=outer))
    using, side = node.args.get("using"), node.args.get("side") or ""
    outer_unnest = side == "LEFT" and isinstance(node.this, exp.Unnest)
    if outer_unnest and isinstance(on, exp.Boolean) and on.this:
        return f"{sql} LEFT JOIN LATERAL {right_sql} ON TRUE", [*fields, *right]
    if node.args["kind"] == "CROSS":
        lateral = "LATERAL " if isinstance(node.this, exp.Unnest) else ""
        return f"{sql} CROSS JOIN {lateral}{right_sql}", [*fields, *right]
    if isinstance(node.this, exp.Unnest):
        raise binder.expressions.lacks("UNNEST in a join with a condition", node)
    if using:
        left_kept, right_kept = _sure(side, fields, right)
        condition, merged = _using(binder, node, left_kept, right_kept, side)
        return f"{sql} {_SIDES[side]} {right_sql} ON {condition}", merged
    on, scope = node.args["on"], Scope([*fields, *right], parent=outer, pushdown=True)
    own = partial(is_aggregate_call, of_dialect=binder.expressions.dialect.aggregates)
    refuse_in_clause(binder.expressions, on, "JOIN clause", own)
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
