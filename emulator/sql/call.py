"""A function call as its function sees it, and functions that are a type signature and a line of DuckDB SQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from emulator.sql.binder import ExpressionBinder
from emulator.sql.bound import BoundExpression
from emulator.sql.coercion import coerce
from emulator.sql.errors import InvalidQueryError, NotInEmulatorError
from emulator.sql.scope import Scope
from emulator.sql.types import DOUBLE, Type

_WITHOUT_PARENTHESES: dict[type[exp.Expression], str] = {
    exp.CurrentDate: "current_date",
    exp.CurrentTime: "current_time",
    exp.CurrentTimestamp: "current_timestamp",
    exp.Localtime: "localtime",
    exp.Localtimestamp: "localtimestamp",
}


@dataclass(frozen=True)
class Call:
    """A call with its FILTER, OVER, DISTINCT, ORDER BY and IGNORE NULLS taken apart."""

    binder: ExpressionBinder
    node: exp.Expression
    scope: Scope
    name: str
    nodes: Sequence[exp.Expression]
    star: bool = False
    distinct: bool = False
    order: Sequence[exp.Expression] = ()
    condition: exp.Expression | None = None
    window: exp.Window | None = None
    ignore_nulls: bool = False

    @staticmethod
    def of(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> "Call":
        """The call that a node is."""
        inner, window, condition, ignore = node, None, None, False
        while isinstance(inner, exp.Window | exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
            if isinstance(inner, exp.Window):
                window = inner
            elif isinstance(inner, exp.Filter):
                binder.only(inner, "this", "expression")
                condition = inner.expression.this
            ignore = ignore or isinstance(inner, exp.IgnoreNulls)
            inner = inner.this
        name, nodes = _name_and_arguments(binder, inner)
        distinct, order = False, ()
        if len(nodes) >= 1 and isinstance(nodes[0], exp.Distinct):
            binder.only(nodes[0], "expressions")
            distinct, nodes = True, [*nodes[0].expressions, *nodes[1:]]
        if nodes and isinstance(nodes[-1], exp.Order):
            order, nodes = tuple(nodes[-1].expressions), [*nodes[:-1], nodes[-1].this]
        star = len(nodes) == 1 and isinstance(nodes[0], exp.Star)
        if star:
            binder.only(nodes[0], "this")
        nodes = [] if star else nodes
        return Call(binder, node, scope, name, nodes, star, distinct, order, condition, window, ignore)

    def refuse(self, message: str) -> InvalidQueryError:
        """The error for this call."""
        return self.binder.refuse(message, self.node)

    def lacks(self, what: str) -> NotInEmulatorError:
        """The error for a call that AWS may know and this emulator does not."""
        return self.binder.lacks(what, self.node)

    def counts(self) -> str:
        """The SQL, with an AND behind it, of what FILTER says of a row: those left out must not fail the query."""
        if self.condition is None:
            return ""
        return f"({self.binder.condition(self.condition, self.scope, 'FILTER clause')}) AND "

    def arguments(self) -> list[BoundExpression]:
        """Every argument bound."""
        return self.binder.each(self.nodes, self.scope)

    def mismatch(self, arguments: Sequence[BoundExpression]) -> InvalidQueryError:
        """The error for arguments the function does not take."""
        kinds = ", ".join(str(argument.type) for argument in arguments)
        return self.refuse(f"Unexpected parameters ({kinds}) for function {self.name}")

    def take(self, *kinds: Type) -> list[BoundExpression]:
        """The arguments as these types, or refuse them."""
        arguments = self.arguments()
        fitted = fit(arguments, kinds)
        if fitted is None:
            raise self.mismatch(arguments)
        return fitted


Function = Callable[[Call], BoundExpression]
"""Binds the calls of one function."""
Aggregate = Callable[[Call], tuple[str, Type, str]]
"""The aggregate without its FILTER and OVER, its type, and what is done with its result."""


def fit(arguments: Sequence[BoundExpression], kinds: Sequence[Type]) -> list[BoundExpression] | None:
    """The arguments brought to the given types, or None when they do not fit."""
    if len(arguments) != len(kinds):
        return None
    coerced = [coerce(argument, kind) for argument, kind in zip(arguments, kinds, strict=True)]
    fitted = [item for item in coerced if item is not None]
    return fitted if len(fitted) == len(kinds) else None


@dataclass(frozen=True)
class Signature:
    """The types that a function takes and returns, and its SQL with {0}, {1}, … for the arguments."""

    takes: Sequence[Type]
    returns: Type
    sql: str


def function(*signatures: Signature) -> Function:
    """A function that has these signatures: one that fits exactly is taken before one that needs conversion."""

    def bind(call: Call) -> BoundExpression:
        arguments = call.arguments()
        kinds = [argument.type for argument in arguments]
        exact = [s for s in signatures if list(s.takes) == kinds]
        for signature in exact or signatures:
            fitted = fit(arguments, signature.takes)
            if fitted is not None:
                sql = signature.sql.format(*(item.sql for item in fitted))
                return BoundExpression(f"({sql})", signature.returns, nan=signature.returns is DOUBLE)
        raise call.mismatch(arguments)

    return bind


def returning(kind: Type, sql: str, *takes: Type) -> Function:
    """A function of one signature."""
    return function(Signature(takes, kind, sql))


def _name_and_arguments(binder: ExpressionBinder, node: exp.Expression) -> tuple[str, list[exp.Expression]]:
    if isinstance(node, exp.Anonymous):
        return node.this.lower(), list(node.expressions)
    if isinstance(node, exp.Extract):
        return "extract", [exp.Literal.string(node.name), node.expression]
    if isinstance(node, exp.StrPosition):
        binder.only(node, "this", "substr")
        return "strpos", [node.this, node.args["substr"]]
    name = _WITHOUT_PARENTHESES.get(type(node))
    if name is None:
        raise binder.lacks(f"{type(node).key} here", node)
    binder.only(node)
    return name, []
