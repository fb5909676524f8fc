"""Implicit conversions: a bound expression as another type, several as their common type."""

from collections.abc import Callable, Sequence

from emulator.sql import timestamps
from emulator.sql.bound import BoundExpression, null
from emulator.sql.types import (
    BIGINT,
    DATE,
    DOUBLE,
    MOMENTS,
    NUMERIC,
    TIMESTAMP,
    UNKNOWN,
    VARCHAR,
    Type,
    common,
    elements,
)


def coerce(given: BoundExpression, to: Type) -> BoundExpression | None:
    """The expression as another type where Trino does that by itself, else None."""
    if given.type == to:
        return given
    if given.type is UNKNOWN:
        if given.parameter is not None and given.parameter.type is None:
            given.parameter.type = to
        return null(to)
    convert = _IMPLICIT.get((given.type.name, to.name))
    if convert is not None:
        return convert(given)
    if given.type.name == to.name and len(given.type.of) == len(to.of):
        return _parts_as(given, to)
    return None


def _parts_as(given: BoundExpression, to: Type) -> BoundExpression | None:
    """A nested value with each of its parts as another type."""
    if to.name == "MAP":
        fits = common(given.type, to) == to
        return BoundExpression(f"CAST({given.sql} AS {to.duck})", to) if fits else None
    element, wanted = elements(given.type), elements(to)
    if element is not None and wanted is not None:
        variable = f"p{to.duck.count('[]')}"
        part = coerce(BoundExpression(variable, element), wanted)
        if part is None:
            return None
        return BoundExpression(f"list_transform({given.sql}, lambda {variable}: {part.sql})", to)
    parts = [coerce(field(given, i), kind) for i, kind in enumerate(to.of)]
    found = [part for part in parts if part is not None]
    return BoundExpression(structure(found, given.sql), to) if found and len(found) == len(parts) else None


def field(given: BoundExpression, place: int) -> BoundExpression:
    """A field of a row, counted from 0."""
    return BoundExpression(f"struct_extract({given.sql}, 'f{place}')", given.type.of[place], nan=True)


def structure(parts: Sequence[BoundExpression], of: str | None = None) -> str:
    """The SQL of a row of these fields; NULL where the row that they are made `of` is NULL."""
    made = "{" + ", ".join(f"'f{i}': {part.sql}" for i, part in enumerate(parts)) + "}"
    return made if of is None else f"(CASE WHEN {of} IS NOT NULL THEN {made} END)"


def unify(items: Sequence[BoundExpression]) -> list[BoundExpression] | None:
    """All expressions as their common type, or None when there is none."""
    kind = UNKNOWN
    for item in items:
        wider = common(kind, item.type)
        if wider is None:
            wider = _literal_side(kind, item, items)
        if wider is None:
            return None
        kind = wider
    coerced = [coerce(item, kind) for item in items]
    found = [item for item in coerced if item is not None]
    return found if len(found) == len(items) else None


def _literal_side(kind: Type, item: BoundExpression, items: Sequence[BoundExpression]) -> Type | None:
    """A string literal beside timestamps or dates is read as one of them; a string column is not."""
    times = (TIMESTAMP, DATE)
    if item.type is VARCHAR and item.value is not None and item.as_time and kind in times:
        return kind if coerce(item, kind) else None
    if (
        kind is VARCHAR
        and item.type in times
        and all(i.value is not None and i.as_time for i in items if i.type is VARCHAR)
    ):
        return item.type
    return None


def _timestamp(given: BoundExpression) -> BoundExpression | None:
    if given.value is None or not given.as_time:
        return None
    moment = timestamps.timestamp(str(given.value))
    return None if moment is None else BoundExpression(str(moment), TIMESTAMP)


def _date(given: BoundExpression) -> BoundExpression | None:
    if given.value is None or not given.as_time:
        return None
    moment = timestamps.timestamp(str(given.value))
    if moment is None or moment % timestamps.DAY:
        return None
    return BoundExpression(f"(DATE '1970-01-01' + CAST({moment // timestamps.DAY} AS INTEGER))", DATE)


def _moment_as(given: Type, to: Type) -> Callable[[BoundExpression], BoundExpression]:
    start = "epoch_ns(CAST({} AS TIMESTAMP_NS))" if given is DATE else "{}"
    return lambda bound: BoundExpression(start.format(bound.sql), to)


_IMPLICIT: dict[tuple[str, str], Callable[[BoundExpression], BoundExpression | None]] = {
    ("INTEGER", "BIGINT"): lambda given: BoundExpression(
        f"CAST({given.sql} AS BIGINT)", BIGINT, value=given.value
    ),
    **dict.fromkeys(
        [(kind.name, "DOUBLE") for kind in NUMERIC if kind is not DOUBLE],
        lambda given: BoundExpression(f"CAST({given.sql} AS DOUBLE)", DOUBLE),
    ),
    # Trino has each function of a timestamp once more for those with a time zone.
    **{(a.name, b.name): _moment_as(a, b) for a in MOMENTS for b in MOMENTS if b is not DATE and a is not b},
    ("VARCHAR", "TIMESTAMP"): _timestamp,
    ("VARCHAR", "DATE"): _date,
}
