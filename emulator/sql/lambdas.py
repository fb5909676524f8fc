"""Lambda expressions, x -> x + 1: the last arguments of functions that call them for each element."""

from collections.abc import Sequence

from sqlglot import exp

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call
from emulator.sql.scope import Field, Scope
from emulator.sql.types import Type


def is_lambda(node: exp.Expression) -> bool:
    """True for an argument that is a lambda expression."""
    return isinstance(node, exp.Lambda)


def variables(call: Call, count: int) -> list[str]:
    """The SQL names of a lambda's parameters, which no lambda around it has."""
    return [f"l{call.scope.lambdas}_{i}" for i in range(count)]


def bind_lambda(call: Call, node: exp.Expression, parameters: Sequence[tuple[str, Type]]) -> BoundExpression:
    """The body of a lambda whose parameters are the given SQL of the given types."""
    if not isinstance(node, exp.Lambda):
        raise call.refuse(f"{call.name} takes a function such as x -> x + 1 here")
    names = [parameter.name for parameter in node.expressions]
    if len(names) != len(parameters):
        raise call.refuse(f"The function of {call.name} takes {len(parameters)} arguments, not {len(names)}")
    fields = [
        Field(name, BoundExpression(sql, kind, nan=True))
        for name, (sql, kind) in zip(names, parameters, strict=True)
    ]
    inner = Scope(fields, parent=call.scope, lambdas=call.scope.lambdas + 1)
    return call.binder.without_subqueries(node.this, inner)
