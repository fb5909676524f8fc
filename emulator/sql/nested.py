"""Comparisons of arrays and rows, part by part: unknown where a NULL decides."""

from collections.abc import Callable

from emulator.sql.bound import BoundExpression
from emulator.sql.coercion import field
from emulator.sql.types import Type, elements

Compare = Callable[[str, BoundExpression, BoundExpression], str | None]
"""The SQL of a comparison of two values of one type by a sign; None when they cannot be compared."""


def compared(scalars: Compare, sign: str, first: BoundExpression, second: BoundExpression) -> str | None:
    """The SQL of a comparison of two values of one nested type; None when their parts cannot be compared."""
    if sign in ("=", "<>"):
        equal = _equal(scalars, first, second, 0)
        return equal if equal is None or sign == "=" else f"(NOT {equal})"
    return _ordered(scalars, sign, first, second) if first.type.name == "ROW" else None


def _equal(scalars: Compare, first: BoundExpression, second: BoundExpression, depth: int) -> str | None:
    kind = first.type
    if kind.name == "ROW":
        parts = [_equal(scalars, field(first, i), field(second, i), depth) for i in range(len(kind.of))]
        known = [part for part in parts if part is not None]
        return f"({' AND '.join(known)})" if len(known) == len(parts) else None
    element = elements(kind)
    if element is None:
        return None if kind.of else scalars("=", first, second)
    return _equal_lists(scalars, first, second, element, depth)


def _equal_lists(
    scalars: Compare, first: BoundExpression, second: BoundExpression, element: Type, depth: int
) -> str | None:
    place, pair = f"e{depth}", f"a{depth}"
    items = [
        BoundExpression(f"list_extract({pair}.{side}, {place})", element, nan=True) for side in ("x", "y")
    ]
    each = _equal(scalars, items[0], items[1], depth + 1)
    if each is None:
        return None
    every = f"list_transform(generate_series(1, len({pair}.x)), lambda {place}: {each})"
    same = f"(CASE WHEN list_contains({every}, FALSE) THEN FALSE WHEN len({every}) = list_count({every}) THEN TRUE END)"
    missing = f"{first.sql} IS NULL OR {second.sql} IS NULL"
    sides = f"[{{'x': {first.sql}, 'y': {second.sql}}}]"
    compared = f"list_extract(list_transform({sides}, lambda {pair}: {same}), 1)"
    return f"(CASE WHEN {missing} THEN NULL WHEN len({first.sql}) <> len({second.sql}) THEN FALSE ELSE {compared} END)"


def _ordered(scalars: Compare, sign: str, first: BoundExpression, second: BoundExpression) -> str | None:
    """Rows in the order of their first fields that differ."""
    if any(kind.of for kind in first.type.of):
        return None
    pairs = [(field(first, i), field(second, i)) for i in range(len(first.type.of))]
    strict = sign[0]
    sql = scalars(sign, *pairs[-1])
    for left, right in reversed(pairs[:-1]):
        below, same = scalars(strict, left, right), scalars("=", left, right)
        if sql is None or below is None or same is None:
            return None
        sql = f"({below} OR ({same} AND {sql}))"
    return sql
