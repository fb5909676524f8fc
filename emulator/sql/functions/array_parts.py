"""Arrays taken apart and put together: parts of one, several side by side, in another order."""

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call, Function
from emulator.sql.coercion import coerce, structure
from emulator.sql.functions.arrays import LONGEST, comparable, of_array
from emulator.sql.types import BIGINT, DOUBLE, array, row


def _equal(call: Call) -> tuple[BoundExpression, BoundExpression]:
    """An array and a value of its elements' type."""
    items, wanted = comparable(call, 2)
    element = coerce(wanted, items.type.of[0])
    if element is None:
        raise call.mismatch([items, wanted])
    return items, element


def _position(call: Call) -> BoundExpression:
    """The first place of an element, 0 if there is none."""
    items, element = _equal(call)
    place = f"coalesce(list_position({items.sql}, {element.sql}), 0)"
    if element.type is DOUBLE:
        place = f"CASE WHEN isnan({element.sql}) THEN 0 ELSE {place} END"
    present = f"{items.sql} IS NOT NULL AND {element.sql} IS NOT NULL"
    return BoundExpression(f"(CASE WHEN {present} THEN CAST({place} AS BIGINT) END)", BIGINT)


def _remove(call: Call) -> BoundExpression:
    """The elements that are not equal to one; NULLs stay."""
    items, element = _equal(call)
    kept = f"list_filter({items.sql}, lambda v: v IS NULL OR v <> {element.sql})"
    return BoundExpression(f"(CASE WHEN {element.sql} IS NOT NULL THEN {kept} END)", items.type, nan=True)


def _sort(call: Call) -> BoundExpression:
    """Ascending, NULLs last."""
    (items,) = of_array(call, 1)
    if items.type.of[0].of:
        raise call.mismatch([items])
    return BoundExpression(f"list_sort({items.sql}, 'ASC', 'NULLS LAST')", items.type, nan=True)


def _slice(call: Call) -> BoundExpression:
    """So many elements from a place on; a negative place counts from the end."""
    arguments = of_array(call, 3)
    items, start, length = arguments[0], coerce(arguments[1], BIGINT), coerce(arguments[2], BIGINT)
    if start is None or length is None:
        raise call.mismatch(arguments)
    begin = f"(CASE WHEN {start.sql} < 0 THEN len({items.sql}) + {start.sql} + 1 ELSE {start.sql} END)"
    sql = (
        f"(CASE WHEN {start.sql} = 0 THEN error('SQL array indices start at 1')"
        f" WHEN {length.sql} < 0 THEN error('length must be greater than or equal to 0')"
        f" WHEN {begin} < 1 OR {length.sql} = 0 THEN list_filter({items.sql}, lambda v: FALSE)"
        f" ELSE list_slice({items.sql}, {begin}, {begin} - 1 + least({length.sql}, len({items.sql}))) END)"
    )
    return BoundExpression(sql, items.type, nan=True)


def _zip(call: Call) -> BoundExpression:
    """Rows of the elements at each place, NULL where an array has ended."""
    arguments = call.arguments()
    if len(arguments) < 2 or any(argument.type.name != "ARRAY" for argument in arguments):
        raise call.mismatch(arguments)
    cells = [
        BoundExpression(f"list_extract({argument.sql}, z)", argument.type.of[0]) for argument in arguments
    ]
    longest = f"greatest({', '.join(f'len({argument.sql})' for argument in arguments)})"
    present = " AND ".join(f"{argument.sql} IS NOT NULL" for argument in arguments)
    rows = f"list_transform(generate_series(1, {longest}), lambda z: {structure(cells)})"
    return BoundExpression(
        f"(CASE WHEN {present} THEN {rows} END)", array(row([cell.type for cell in cells])), nan=True
    )


def _shuffle(call: Call) -> BoundExpression:
    """The elements in random order."""
    (items,) = of_array(call, 1)
    drawn = f"list_transform({items.sql}, lambda v: {{'r': random(), 'v': v}})"
    return BoundExpression(f"list_transform(list_sort({drawn}), lambda s: s.v)", items.type, nan=True)


def _repeat(call: Call) -> BoundExpression:
    arguments = call.arguments()
    count = coerce(arguments[1], BIGINT) if len(arguments) == 2 else None
    if count is None:
        raise call.mismatch(arguments)
    items = f"list_transform(range({count.sql}), lambda i: {arguments[0].sql})"
    refusal = f"error('count argument of repeat function must be less than or equal to {LONGEST}')"
    kind = arguments[0].type
    sql = f"(CASE WHEN {count.sql} > {LONGEST} THEN {refusal} ELSE {items} END)"
    return BoundExpression(sql, array(kind), nan=True)


FUNCTIONS: dict[str, Function] = {
    "array_position": _position,
    "array_remove": _remove,
    "array_sort": _sort,
    "repeat": _repeat,
    "shuffle": _shuffle,
    "slice": _slice,
    "zip": _zip,
}
