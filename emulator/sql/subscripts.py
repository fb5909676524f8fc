"""Arrays: how they are written, and how their elements are reached."""

from sqlglot import exp

from emulator.sql.binder import ExpressionBinder
from emulator.sql.bound import BoundExpression
from emulator.sql.coercion import coerce, unify
from emulator.sql.scope import Scope
from emulator.sql.types import BIGINT, UNKNOWN, array


def bind_array(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind ARRAY[…]."""
    items = binder.each(node.expressions, scope)
    unified = unify(items)
    if unified is None:
        raise binder.refuse("All ARRAY elements must be the same type", node)
    kind = unified[0].type if unified else UNKNOWN
    return BoundExpression(f"[{', '.join(item.sql for item in unified)}]", array(kind), nan=True)


def bind_subscript(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind array[n]: positions start at 1, and one that is not there is an error."""
    binder.only(node, "this", "expressions", "offset", "safe")
    if len(node.expressions) != 1:
        raise binder.refuse("One subscript is expected", node)
    owner, index = binder.bind(node.this, scope), coerce(binder.bind(node.expressions[0], scope), BIGINT)
    if owner.type.name != "ARRAY" or index is None:
        raise binder.refuse(f"Cannot use [] on {owner.type}", node)
    length = f"len({owner.sql})"
    sql = (
        f"(CASE WHEN {index.sql} < 1 THEN error('Array subscript must be greater than 0')"
        f" WHEN {index.sql} > {length} THEN error('Array subscript is out of bounds')"
        f" ELSE list_extract({owner.sql}, {index.sql}) END)"
    )
    return BoundExpression(sql, owner.type.of[0], nan=True)
