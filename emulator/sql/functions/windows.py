"""Functions that exist only over a window."""

from collections.abc import Callable

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call
from emulator.sql.coercion import coerce, unify
from emulator.sql.functions.over import over
from emulator.sql.types import BIGINT, DOUBLE, Type


def bind(call: Call) -> BoundExpression:
    """A window function call bound."""
    if call.condition is not None or call.distinct or call.order or call.star:
        raise call.refuse(f"FILTER, DISTINCT and ORDER BY are not supported in {call.name}")
    if call.ignore_nulls and call.name not in ("lag", "lead", "first_value", "last_value", "nth_value"):
        raise call.refuse(f"Cannot specify null treatment clause for {call.name} function")
    sql, kind = FUNCTIONS[call.name](call)
    return BoundExpression(f"({sql}{over(call)})", kind, nan=kind is DOUBLE)


def _rank(kind: Type) -> Callable[[Call], tuple[str, Type]]:
    def bind_rank(call: Call) -> tuple[str, Type]:
        call.take()
        return f"{call.name}()", kind

    return bind_rank


def _ntile(call: Call) -> tuple[str, Type]:
    (count,) = call.take(BIGINT)
    if not isinstance(count.value, int) or count.value < 1:
        raise call.refuse("Buckets must be a literal greater than 0")
    return f"ntile({count.sql})", BIGINT


def _nulls(call: Call) -> str:
    return " IGNORE NULLS" if call.ignore_nulls else ""


def _offset(call: Call) -> tuple[str, Type]:
    arguments = call.arguments()
    if not 1 <= len(arguments) <= 3:
        raise call.mismatch(arguments)
    distance = coerce(arguments[1], BIGINT) if len(arguments) > 1 else None
    if len(arguments) > 1 and (
        distance is None or not isinstance(arguments[1].value, int) or arguments[1].value < 0
    ):
        raise call.refuse(f"Offset of {call.name} must be a literal whole number")
    parts = [arguments[0]]
    if len(arguments) == 3:
        both = unify([arguments[0], arguments[2]])
        if both is None:
            raise call.mismatch(arguments)
        parts = both
    spelled = [parts[0].sql, *([distance.sql] if distance else []), *(p.sql for p in parts[1:])]
    return f"{call.name}({', '.join(spelled)}{_nulls(call)})", parts[0].type


def _value(call: Call) -> tuple[str, Type]:
    arguments = call.arguments()
    if len(arguments) != 1:
        raise call.mismatch(arguments)
    return f"{call.name}({arguments[0].sql}{_nulls(call)})", arguments[0].type


def _nth(call: Call) -> tuple[str, Type]:
    arguments = call.arguments()
    if len(arguments) != 2 or not isinstance(arguments[1].value, int) or arguments[1].value < 1:
        raise call.refuse("nth_value takes a value and a literal position greater than 0")
    return f"nth_value({arguments[0].sql}, {arguments[1].sql}{_nulls(call)})", arguments[0].type


FUNCTIONS: dict[str, Callable[[Call], tuple[str, Type]]] = {
    **dict.fromkeys(("row_number", "rank", "dense_rank"), _rank(BIGINT)),
    **dict.fromkeys(("percent_rank", "cume_dist"), _rank(DOUBLE)),
    "ntile": _ntile,
    "lag": _offset,
    "lead": _offset,
    "first_value": _value,
    "last_value": _value,
    "nth_value": _nth,
}
