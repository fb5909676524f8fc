"""Aggregates by the order of values: the largest and the smallest, one or several, or what stands beside them."""

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Aggregate, Call
from emulator.sql.coercion import structure
from emulator.sql.types import DOUBLE, WHOLE, Type, array

_MOST = 10_000


def ordered(call: Call, value: BoundExpression) -> str:
    """A value that is compared with others; NaN is refused, as Trino's versions differ on it."""
    if value.type.of:
        raise call.mismatch([value])
    if value.type is DOUBLE and value.nan:
        refusal = f"error('Invalid argument to {call.name}(): NaN')"
        return f"CASE WHEN {call.counts()}isnan({value.sql}) THEN {refusal} ELSE {value.sql} END"
    return value.sql


def _extreme(call: Call) -> tuple[str, Type, str]:
    """The largest or smallest value, or so many of them, sorted from it on; NULLs are left out."""
    arguments = call.arguments()
    if len(arguments) not in (1, 2) or call.star:
        raise call.mismatch(arguments)
    value = ordered(call, arguments[0])
    if len(arguments) == 1:
        return f"{call.name}({value})", arguments[0].type, "{}"
    direction = "DESC" if call.name == "max" else "ASC"
    some = "list_filter({}, lambda x: x IS NOT NULL)"
    return (
        f"list({value} ORDER BY {value} {direction})",
        array(arguments[0].type),
        _first(call, arguments, some),
    )


def _extreme_by(call: Call) -> tuple[str, Type, str]:
    """The value beside the extreme, or beside so many of them; NULL if it is NULL there."""
    arguments = call.arguments()
    if len(arguments) not in (2, 3):
        raise call.mismatch(arguments)
    by = ordered(call, arguments[1])
    if len(arguments) == 2:
        function = "arg_max" if call.name == "max_by" else "arg_min"
        return f"{function}_null({arguments[0].sql}, {by})", arguments[0].type, "{}"
    direction = "DESC" if call.name == "max_by" else "ASC"
    pair = structure([arguments[0], BoundExpression(by, arguments[1].type)])
    some = "list_transform(list_filter({}, lambda x: x.f1 IS NOT NULL), lambda x: x.f0)"
    return f"list({pair} ORDER BY {by} {direction})", array(arguments[0].type), _first(call, arguments, some)


def _first(call: Call, arguments: list[BoundExpression], items: str) -> str:
    """The SQL of the first items of a list, as many as the last argument says; NULL for none."""
    count = arguments[-1]
    if count.type not in WHOLE or not isinstance(count.value, int):
        raise call.mismatch(arguments)
    if not 0 < count.value <= _MOST:
        raise call.refuse(
            f"third argument of max_by/min_by must be a positive integer up to {_MOST}"
            if call.name.endswith("_by")
            else f"second argument of max/min must be positive and up to {_MOST}"
        )
    kept = f"CASE WHEN len(x) > 0 THEN list_slice(x, 1, {count.value}) END"
    return f"list_extract(list_transform([{items}], lambda x: {kept}), 1)"


FUNCTIONS: dict[str, Aggregate] = {
    "max": _extreme,
    "max_by": _extreme_by,
    "min": _extreme,
    "min_by": _extreme_by,
}
