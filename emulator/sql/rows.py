"""Rows: how they are written, compared, and taken apart by name."""

from sqlglot import exp

from emulator.sql.binder import ExpressionBinder
from emulator.sql.bound import BoundExpression
from emulator.sql.coercion import field, structure
from emulator.sql.scope import Scope
from emulator.sql.types import row


def bind_row(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind (a, b) and ROW(a, b)."""
    parts = binder.each(node.expressions, scope)
    return BoundExpression(structure(parts), row([part.type for part in parts]), nan=True)


def bind_field(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind expression.field."""
    return named(binder, node, binder.bind(node.this, scope), node.expression.name)


def named(
    binder: ExpressionBinder, node: exp.Expression, owner: BoundExpression, name: str
) -> BoundExpression:
    """The field of a row that a name means, in any case."""
    if owner.type.name != "ROW":
        raise binder.refuse(f"Expression of type {owner.type} has no field '{name}': it is not a row", node)
    folded = name.lower()
    places = [i for i, known in enumerate(owner.type.names) if known is not None and known.lower() == folded]
    if len(places) != 1:
        raise binder.refuse(
            f"Field '{name}' of {owner.type} {'is ambiguous' if places else 'does not exist'}", node
        )
    return field(owner, places[0])


def fields(value: BoundExpression) -> list[BoundExpression]:
    """The fields of a row."""
    return [field(value, i) for i in range(len(value.type.of))]
