"""Arrays: how they are written, how their elements are reached, and their functions."""

from sqlglot import exp

from emulator.sql.binder import ExpressionBinder
from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call, Function
from emulator.sql.coercion import coerce, unify
from emulator.sql.render import as_text
from emulator.sql.scope import Scope
from emulator.sql.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    UNKNOWN,
    VARCHAR,
    array,
)

LONGEST = 10_000
"""Elements of an array that a function makes of a number."""


def bind_array(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind ARRAY[…]."""
    items = binder.each(node.expressions, scope)
    unified = unify(items)
    if unified is None:
        raise binder.refuse("All ARRAY elements must be the same type", node)
    kind = unified[0].type if unified else UNKNOWN
    return BoundExpression(f"[{', '.join(item.sql for item in unified)}]", array(kind), nan=True)


def bind_subscript(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind array[n] or map[key]: positions start at 1, and what is not there is an error."""
    binder.only(node, "this", "expressions", "offset", "safe")
    if len(node.expressions) != 1:
        raise binder.refuse("One subscript is expected", node)
    owner, given = binder.bind(node.this, scope), binder.bind(node.expressions[0], scope)
    if owner.type.name == "MAP":
        return _value_of(binder, node, owner, given)
    index = coerce(given, BIGINT)
    if owner.type.name != "ARRAY" or index is None:
        raise binder.refuse(f"Cannot use [] on {owner.type}", node)
    length = f"len({owner.sql})"
    sql = (
        f"(CASE WHEN {index.sql} < 1 THEN error('Array subscript must be greater than 0')"
        f" WHEN {index.sql} > {length} THEN error('Array subscript is out of bounds')"
        f" ELSE list_extract({owner.sql}, {index.sql}) END)"
    )
    return BoundExpression(sql, owner.type.of[0], nan=True)


def _value_of(
    binder: ExpressionBinder, node: exp.Expression, owner: BoundExpression, given: BoundExpression
) -> BoundExpression:
    """The value of a map's key; one that is not there is an error."""
    key = coerce(given, owner.type.of[0])
    if key is None:
        raise binder.refuse(f"Cannot use [{given.type}] on {owner.type}", node)
    missing = f"error('Key not present in map: ' || CAST({key.sql} AS VARCHAR))"
    present = f"{owner.sql} IS NULL OR {key.sql} IS NULL OR map_contains({owner.sql}, {key.sql})"
    sql = f"(CASE WHEN {present} THEN {owner.sql}[{key.sql}] ELSE {missing} END)"
    return BoundExpression(sql, owner.type.of[1], nan=True)


def of_array(call: Call, count: int) -> list[BoundExpression]:
    """The arguments of a function whose first one is an array."""
    arguments = call.arguments()
    if len(arguments) != count or arguments[0].type.name != "ARRAY":
        raise call.mismatch(arguments)
    return arguments


def comparable(call: Call, count: int) -> list[BoundExpression]:
    """The arguments of a function that compares elements, which nested ones are not."""
    arguments = of_array(call, count)
    element = arguments[0].type.of[0]
    if element.of:
        raise call.mismatch(arguments)
    return arguments


def _contains(call: Call) -> BoundExpression:
    """NULL when the element is not found and there are NULLs."""
    items, wanted = comparable(call, 2)
    element = coerce(wanted, items.type.of[0])
    if element is None:
        raise call.mismatch([items, wanted])
    found = f"list_contains({items.sql}, {element.sql})"
    if element.type is DOUBLE:
        found = f"({found} AND NOT isnan({element.sql}))"
    unsure = f"NOT {found} AND len({items.sql}) > list_count({items.sql})"
    return BoundExpression(
        f"(CASE WHEN {element.sql} IS NULL OR ({unsure}) THEN NULL ELSE {found} END)", BOOLEAN
    )


def _element_at(call: Call) -> BoundExpression:
    items, index = of_array(call, 2)
    position = coerce(index, BIGINT)
    if position is None or index.value == 0:
        raise call.mismatch([items, index])
    zero = f"WHEN {position.sql} = 0 THEN error('SQL array indices start at 1')"
    sql = f"(CASE {zero} ELSE list_extract({items.sql}, {position.sql}) END)"
    return BoundExpression(sql, items.type.of[0], nan=True)


def _join(call: Call) -> BoundExpression:
    """NULL elements are left out, or replaced."""
    arguments = of_array(call, len(call.nodes))
    if len(arguments) not in (2, 3):
        raise call.mismatch(arguments)
    items, (between, *instead) = arguments[0], [coerce(given, VARCHAR) for given in arguments[1:]]
    element = items.type.of[0]
    if between is None or None in instead or element.of:
        raise call.mismatch(arguments)
    text = as_text("e", element, call.binder.dialect.timestamp_digits)
    for replacement in instead:
        text = f"coalesce({text}, {replacement.sql if replacement else ''})"
    texts = f"list_filter(list_transform({items.sql}, lambda e: {text}), lambda e: e IS NOT NULL)"
    joined = f"array_to_string({texts}, {between.sql})"
    if between.value is None:  # DuckDB's own takes literals
        joined = (
            f"CASE WHEN len({texts}) > 0 THEN list_reduce({texts}, lambda a, b: a || {between.sql} || b) END"
        )
    present = f"{items.sql} IS NOT NULL AND {between.sql} IS NOT NULL"
    return BoundExpression(f"(CASE WHEN {present} THEN coalesce({joined}, '') END)", VARCHAR)


def _extreme(name: str) -> Function:
    """NULL when any element is NULL."""

    def bind(call: Call) -> BoundExpression:
        (items,) = comparable(call, 1)
        complete, kind = f"len({items.sql}) = list_count({items.sql})", items.type.of[0]
        # NaN is DuckDB's greatest number; to Trino it is both the least and the greatest.
        odd = f"WHEN isnan(list_max({items.sql})) THEN list_max({items.sql})" if kind is DOUBLE else ""
        sql = f"(CASE WHEN NOT {complete} THEN NULL {odd} ELSE {name}({items.sql}) END)"
        return BoundExpression(sql, kind, nan=True)

    return bind


FUNCTIONS: dict[str, Function] = {
    "cardinality": lambda call: BoundExpression(f"len({of_array(call, 1)[0].sql})", BIGINT),
    "contains": _contains,
    "element_at": _element_at,
    "array_join": _join,
    "array_max": _extreme("list_max"),
    "array_min": _extreme("list_min"),
}
