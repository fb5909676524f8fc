"""Arrays as sets: what they have in common, and each element once. A NULL is the same as another, as in DISTINCT."""

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call, Function
from emulator.sql.coercion import unify
from emulator.sql.types import BOOLEAN


def _arrays(call: Call, count: int) -> list[BoundExpression]:
    """The arguments, arrays of one type."""
    arguments = call.arguments()
    unified = unify(arguments)
    if len(arguments) != count or unified is None or unified[0].type.name != "ARRAY":
        raise call.mismatch(arguments)
    return unified


def _distinct(items: str) -> str:
    """The SQL of the first of each element, in the array's order. DuckDB's list_distinct has another."""
    first = "lambda v, i: list_position(a.x, v) = i"
    return f"list_extract(list_transform([{{'x': {items}}}], lambda a: list_filter(a.x, {first})), 1)"


def _array_distinct(call: Call) -> BoundExpression:
    (items,) = _arrays(call, 1)
    return BoundExpression(_distinct(items.sql), items.type, nan=True)


def _array_union(call: Call) -> BoundExpression:
    first, second = _arrays(call, 2)
    return _of_both(first, second, _distinct(f"list_concat({first.sql}, {second.sql})"))


def _shared(negation: str) -> Function:
    """The distinct elements of the first array that are, or are not, in the second."""

    def bind(call: Call) -> BoundExpression:
        first, second = _arrays(call, 2)
        found = f"lambda v: list_position(a.y, v) IS {negation} NULL"
        kept = (
            f"list_extract(list_transform([{{'x': {first.sql}, 'y': {second.sql}}}],"
            f" lambda a: list_filter(a.x, {found})), 1)"
        )
        return _of_both(first, second, _distinct(kept))

    return bind


def _of_both(first: BoundExpression, second: BoundExpression, sql: str) -> BoundExpression:
    present = f"{first.sql} IS NOT NULL AND {second.sql} IS NOT NULL"
    return BoundExpression(f"(CASE WHEN {present} THEN {sql} END)", first.type, nan=True)


def _overlap(call: Call) -> BoundExpression:
    """NULL when nothing but a NULL could be shared."""
    first, second = _arrays(call, 2)
    some = [f"list_filter({items.sql}, lambda v: v IS NOT NULL)" for items in (first, second)]
    unsure = " OR ".join(f"len({items.sql}) > list_count({items.sql})" for items in (first, second))
    sql = f"(CASE WHEN list_has_any({some[0]}, {some[1]}) THEN TRUE WHEN {unsure} THEN NULL ELSE FALSE END)"
    present = f"{first.sql} IS NOT NULL AND {second.sql} IS NOT NULL"
    return BoundExpression(f"(CASE WHEN {present} THEN {sql} END)", BOOLEAN)


FUNCTIONS: dict[str, Function] = {
    "array_distinct": _array_distinct,
    "array_except": _shared(""),
    "array_intersect": _shared("NOT"),
    "array_union": _array_union,
    "arrays_overlap": _overlap,
}
