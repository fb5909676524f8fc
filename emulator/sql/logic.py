"""AND, OR, NOT and CASE."""

from collections.abc import Sequence

from sqlglot import exp

from emulator.sql.binder import ExpressionBinder
from emulator.sql.bound import BoundExpression
from emulator.sql.coercion import unify
from emulator.sql.scope import Scope
from emulator.sql.types import BOOLEAN, UNKNOWN


def bind_and_or(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind a chain of AND or of OR."""
    word = "AND" if isinstance(node, exp.And) else "OR"
    operands = (binder.condition(o, scope, f"Operand of {word}") for o in _flattened(node, type(node)))
    return BoundExpression(f"({f' {word} '.join(operands)})", BOOLEAN)


def bind_not(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind NOT."""
    return BoundExpression(f"(NOT {binder.condition(node.this, scope, 'Operand of NOT')})", BOOLEAN)


def bind_case(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind CASE, with an operand or without."""
    operand = node.this
    branches = [branch.this for branch in node.args["ifs"]]
    if operand is not None:
        branches = [exp.EQ(this=operand.copy(), expression=when) for when in branches]
    conditions = [binder.condition(branch, scope, "CASE WHEN clause") for branch in branches]
    default = node.args.get("default")
    values = binder.each([branch.args["true"] for branch in node.args["ifs"]], scope)
    otherwise = binder.bind(default, scope) if default is not None else BoundExpression("NULL", UNKNOWN)
    return choose(binder, node, conditions, [*values, otherwise])


def choose(
    binder: ExpressionBinder,
    node: exp.Expression,
    conditions: Sequence[str],
    values: Sequence[BoundExpression],
) -> BoundExpression:
    """A CASE over values of one type; the last value is for when no condition holds."""
    unified = unify(values)
    if unified is None:
        kinds = ", ".join(sorted({str(v.type) for v in values if v.type is not UNKNOWN}))
        raise binder.refuse(f"All CASE results must be the same type: {kinds}", node)
    whens = " ".join(f"WHEN {c} THEN {v.sql}" for c, v in zip(conditions, unified, strict=False))
    sql = f"(CASE {whens} ELSE {unified[-1].sql} END)"
    return BoundExpression(sql, unified[-1].type, nan=any(v.nan for v in unified))


def _flattened(node: exp.Expression, kind: type[exp.Expression]) -> list[exp.Expression]:
    """The operands of a chain of one operator, without a recursion as deep as the chain is long."""
    operands, left = [], node
    while isinstance(left, kind):
        operands.append(left.args["expression"])
        left = left.this
    return [left, *reversed(operands)]
