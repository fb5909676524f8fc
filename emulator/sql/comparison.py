"""Comparisons, BETWEEN, IN, LIKE and IS: between values of one type, with NaN unequal to everything."""

from sqlglot import exp

from emulator.sql.binder import ExpressionBinder
from emulator.sql.bound import BoundExpression, text
from emulator.sql.coercion import unify
from emulator.sql.nested import compared
from emulator.sql.quantified import bind_quantified, bind_row_in, quantifier
from emulator.sql.scope import Scope
from emulator.sql.types import BOOLEAN, DOUBLE, TIMESTAMP, VARCHAR

_SIGNS: dict[type[exp.Expression], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip


def bind_comparison(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind one of = <> < <= > >=, with a value or with ANY or ALL rows of a query."""
    quantified = quantifier(node.expression)
    if quantified is not None:
        return bind_quantified(binder, node, scope, _SIGNS[type(node)], *quantified)
    left, right = binder.bind(node.this, scope), binder.bind(node.expression, scope)
    return BoundExpression(relation(binder, node, scope, _SIGNS[type(node)], left, right), BOOLEAN)


def relation(
    binder: ExpressionBinder,
    node: exp.Expression,
    scope: Scope,
    sign: str,
    left: BoundExpression,
    right: BoundExpression,
) -> str:
    """The SQL of a comparison of two bound values."""
    both = unify([left, right])
    if both is None:
        raise binder.refuse(f"Cannot apply operator: {left.type} {sign} {right.type}", node)
    first, second = both
    if first.type is TIMESTAMP and scope.pushdown and (left.stored or right.stored):
        # As DuckDB's timestamps, so that a bare column can skip row groups.
        sides = (
            given.stored or f"make_timestamp_ns({bound.sql})"
            for given, bound in ((left, first), (right, second))
        )
        return f"({f' {sign} '.join(sides)})"
    if first.type.of:
        sql = compared(_scalars, sign, first, second)
        if sql is None:
            raise binder.refuse(f"Cannot apply operator: {left.type} {sign} {right.type}", node)
        return sql
    return _scalars(sign, first, second)


def _scalars(sign: str, first: BoundExpression, second: BoundExpression) -> str:
    """The SQL of a comparison of two values of one type."""
    plain = f"({first.sql} {sign} {second.sql})"
    if first.type is not DOUBLE or not (first.nan or second.nan):
        return plain
    numbers = [item.sql for item in (first, second) if item.nan]
    odd = " OR ".join(f"isnan({sql})" for sql in numbers)
    known = " AND ".join(f"{item.sql} IS NOT NULL" for item in (first, second))
    return f"(CASE WHEN ({odd}) AND {known} THEN {'TRUE' if sign == '<>' else 'FALSE'} ELSE {plain} END)"


def bind_between(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind BETWEEN low AND high."""
    value = binder.bind(node.this, scope)
    low, high = binder.bind(node.args["low"], scope), binder.bind(node.args["high"], scope)
    at_least = relation(binder, node, scope, ">=", value, low)
    return BoundExpression(f"({at_least} AND {relation(binder, node, scope, '<=', value, high)})", BOOLEAN)


def bind_in(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind IN, with a list or a subquery."""
    value = binder.bind(node.this, scope)
    query = node.args.get("query")
    if query is None:
        equal = [
            relation(binder, node, scope, "=", value, item) for item in binder.each(node.expressions, scope)
        ]
        return BoundExpression(_shorter(value, equal), BOOLEAN)
    bound = binder.subquery(query, scope)
    types = bound.types()
    if value.type.name == "ROW" and len(types) > 1:
        return bind_row_in(binder, node, value, bound)
    both = unify([value, BoundExpression("", types[0])]) if len(types) == 1 else None
    if both is None or both[0].type is DOUBLE or types[0] != both[0].type:
        found = ", ".join(str(kind) for kind in types)
        raise binder.refuse(f"Cannot apply operator: {value.type} IN ({found})", node)
    return BoundExpression(f"({both[0].sql} IN ({bound.sql}))", BOOLEAN)


def _shorter(value: BoundExpression, equal: list[str]) -> str:
    """A IN (…) for plain equalities, which DuckDB turns into a hash lookup."""
    start = f"({value.sql} = "
    if len(equal) > 1 and all(sql.startswith(start) for sql in equal):
        return f"({value.sql} IN ({', '.join(sql[len(start) : -1] for sql in equal)}))"
    return f"({' OR '.join(equal)})"


def bind_is_null(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind IS NULL."""
    return BoundExpression(f"({binder.bind(node.this, scope).sql} IS NULL)", BOOLEAN)


def bind_distinct_from(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind IS [NOT] DISTINCT FROM."""
    left, right = binder.bind(node.this, scope), binder.bind(node.expression, scope)
    both = unify([left, right])
    if both is None:
        raise binder.refuse(f"Cannot apply operator: {left.type} IS DISTINCT FROM {right.type}", node)
    words = "IS NOT DISTINCT FROM" if isinstance(node, exp.NullSafeEQ) else "IS DISTINCT FROM"
    return BoundExpression(f"({both[0].sql} {words} {both[1].sql})", BOOLEAN)


def bind_like(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind LIKE, with or without ESCAPE."""
    escape, inner = None, node
    if isinstance(node, exp.Escape):
        escape, inner = binder.bind(node.expression, scope), node.this
    value, pattern = binder.bind(inner.this, scope), binder.bind(inner.expression, scope)
    if value.type is not VARCHAR or pattern.type is not VARCHAR:
        raise binder.refuse(
            f"Left and right side of LIKE must be varchar, not {value.type}, {pattern.type}", node
        )
    marked = f" ESCAPE {text(_escape_mark(binder, node, escape, pattern))}" if escape else ""
    return BoundExpression(f"({value.sql} LIKE {pattern.sql}{marked})", BOOLEAN)


def _escape_mark(
    binder: ExpressionBinder, node: exp.Expression, escape: BoundExpression, pattern: BoundExpression
) -> str:
    if not isinstance(escape.value, str) or len(escape.value) != 1 or not isinstance(pattern.value, str):
        raise binder.refuse("Escape string must be a single character, and its pattern a literal", node)
    rest = pattern.value
    while escape.value in rest:
        rest = rest.partition(escape.value)[2]
        if not rest or rest[0] not in ("%", "_", escape.value):
            raise binder.refuse(
                "Escape character must be followed by '%', '_' or the escape character itself", node
            )
        rest = rest[1:]
    return escape.value
