"""Functions that are a type signature and a line of DuckDB SQL."""

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call, Function, fit
from emulator.sql.types import DOUBLE, Type


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
