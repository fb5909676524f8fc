"""IF, COALESCE, NULLIF, GREATEST, LEAST and typeof."""

from emulator.sql.bound import BoundExpression, varchar
from emulator.sql.call import Call, Function
from emulator.sql.coercion import unify
from emulator.sql.comparison import relation
from emulator.sql.logic import choose
from emulator.sql.types import BOOLEAN, DOUBLE, UNKNOWN, VARCHAR


def _if(call: Call) -> BoundExpression:
    if len(call.nodes) not in (2, 3):
        raise call.refuse("Invalid number of arguments for 'if' function")
    condition = call.binder.condition(call.nodes[0], call.scope, "IF condition")
    values = call.binder.each(call.nodes[1:], call.scope)
    if len(values) == 1:
        values.append(BoundExpression("NULL", UNKNOWN))
    return choose(call.binder, call.node, [condition], values)


def _unified(call: Call, least: int) -> list[BoundExpression]:
    arguments = call.arguments()
    unified = unify(arguments)
    if len(arguments) < least:
        raise call.refuse(f"The '{call.name}' function must have at least {least} arguments")
    if unified is None:
        raise call.mismatch(arguments)
    return unified


def _coalesce(call: Call) -> BoundExpression:
    items = _unified(call, 2)
    return BoundExpression(
        f"coalesce({', '.join(i.sql for i in items)})", items[0].type, nan=any(i.nan for i in items)
    )


def _nullif(call: Call) -> BoundExpression:
    if len(call.nodes) != 2:
        raise call.refuse("Invalid number of arguments for 'nullif' function")
    first, second = call.arguments()
    equal = relation(call.binder, call.node, call.scope, "=", first, second)
    if first.type is UNKNOWN:
        return first
    return BoundExpression(f"(CASE WHEN {equal} THEN NULL ELSE {first.sql} END)", first.type, nan=first.nan)


def _extreme(call: Call) -> BoundExpression:
    """NULL among the arguments makes NULL, and NaN among them is refused: Trino's versions differ on it."""
    items = _unified(call, 1)
    kind = items[0].type
    if kind is BOOLEAN or kind.of or kind is UNKNOWN:
        raise call.mismatch(items)
    missing = " OR ".join(f"{item.sql} IS NULL" for item in items)
    odd = [f"isnan({item.sql})" for item in items if item.nan and kind is DOUBLE]
    guard = f" WHEN {' OR '.join(odd)} THEN error('Invalid argument to {call.name}(): NaN')" if odd else ""
    sql = f"(CASE WHEN {missing} THEN NULL{guard} ELSE {call.name}({', '.join(i.sql for i in items)}) END)"
    return BoundExpression(sql, kind)


def _typeof(call: Call) -> BoundExpression:
    if len(call.nodes) != 1:
        raise call.refuse("The 'typeof' function must have exactly one argument")
    value = call.arguments()[0]
    if value.type is VARCHAR and value.value is not None:
        raise call.lacks("typeof of a literal string")
    return varchar(str(value.type))


FUNCTIONS: dict[str, Function] = {
    "if": _if,
    "coalesce": _coalesce,
    "nullif": _nullif,
    "greatest": _extreme,
    "least": _extreme,
    "typeof": _typeof,
}
