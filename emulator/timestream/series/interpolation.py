"""INTERPOLATE_LINEAR, _SPLINE_CUBIC, _LOCF and _FILL: a series at other times than its own.

AWS does not say what a value outside of the series' own times is: here it is NULL, for `interpolate_fill` the constant,
and for `interpolate_locf` after the last point that point's value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call, Function
from emulator.sql.coercion import coerce, unify
from emulator.sql.types import BIGINT, DOUBLE, INTEGER, TIMESTAMP, Type, array, series
from emulator.timestream.series.spline import curvatures, on_spline
from emulator.timestream.series.sql_lists import counts, let

_BEFORE = "list_extract(c.s, w.p)"
_AFTER = "list_extract(c.s, w.p + 1)"
_EXACT = f"w.p > 0 AND {_BEFORE}.f0 = w.t"
_BETWEEN = "w.p > 0 AND w.p < len(c.s)"


@dataclass(frozen=True)
class _Method:
    """A way to interpolate: the SQL of the value at a time `w.t`, before which the series `c.s` has `w.p` points."""

    value: str
    more: Mapping[str, str] = field(default_factory=dict)


def _interpolation(method: _Method, *, numbers: bool, filled: bool = False) -> Function:
    def bind(call: Call) -> BoundExpression:
        arguments = call.arguments()
        if len(arguments) != (3 if filled else 2):
            raise call.mismatch(arguments)
        given, kind, values = _series(call, arguments, numbers=numbers, filled=filled)
        many = coerce(arguments[1], array(TIMESTAMP))
        one = None if many else coerce(arguments[1], TIMESTAMP)
        wanted = many.sql if many else f"[{one.sql}]" if one else None
        if wanted is None:
            raise call.mismatch(arguments)
        points = _points(given.sql, wanted, method, values)
        if one is not None:
            return BoundExpression(f"list_extract({points}, 1).f1", kind, nan=True)
        return BoundExpression(points, series(kind))

    return bind


def _series(
    call: Call, arguments: list[BoundExpression], *, numbers: bool, filled: bool
) -> tuple[BoundExpression, Type, dict[str, str]]:
    """The series with values of the type that the result has, that type, and the SQL of the constant."""
    given = arguments[0]
    if given.type.name != "TIMESERIES" or (numbers and given.type.of[0] not in (INTEGER, BIGINT, DOUBLE)):
        raise call.mismatch(arguments)
    kind, values = DOUBLE if numbers else given.type.of[0], {}
    if filled:
        both = unify([BoundExpression("", kind), arguments[2]])
        if both is None:
            raise call.mismatch(arguments)
        kind, values = both[1].type, {"v": both[1].sql}
    fitting = coerce(given, series(kind))
    if fitting is None:
        raise call.mismatch(arguments)
    return fitting, kind, values


def _points(given: str, wanted: str, method: _Method, values: Mapping[str, str]) -> str:
    """The SQL of the list of points at the wanted times, sorted."""
    times = "list_transform(b.s, lambda x: x.f0)"
    left, right = counts(times, "b.w", equal=True)
    places = {"s": "b.s", "w": "b.w", "l": left, "r": right}
    places |= {key: f"b.{key}" for key in values} | dict(method.more)
    place = "{'t': t, 'p': list_extract(c.l, len(c.s) + j) - list_extract(c.r, j)}"
    points = (
        "list_transform(list_transform(c.w, lambda t, j: "
        f"{place}), lambda w: {{'f0': w.t, 'f1': {method.value}}})"
    )
    sorted_times = f"list_sort(list_filter({wanted}, lambda t: t IS NOT NULL))"
    inner = let({"s": given, "w": sorted_times, **values}, "b", let(places, "c", points))
    return f"(CASE WHEN {given} IS NOT NULL AND {wanted} IS NOT NULL THEN {inner} END)"


_LINEAR = _Method(
    f"CASE WHEN {_EXACT} THEN {_BEFORE}.f1 WHEN {_BETWEEN} THEN {_BEFORE}.f1 + ({_AFTER}.f1 - {_BEFORE}.f1)"
    f" * ((w.t - {_BEFORE}.f0) / 1e9::DOUBLE) / (({_AFTER}.f0 - {_BEFORE}.f0) / 1e9::DOUBLE) END"
)
_SPLINE = _Method(
    f"CASE WHEN {_EXACT} THEN {_BEFORE}.f1 WHEN {_BETWEEN} THEN {on_spline(_BEFORE, _AFTER)} END",
    {"m": curvatures("b.s")},
)
_LOCF = _Method(f"CASE WHEN w.p > 0 THEN {_BEFORE}.f1 END")
_FILL = _Method(f"CASE WHEN {_EXACT} THEN {_BEFORE}.f1 ELSE c.v END")

FUNCTIONS: Mapping[str, Function] = {
    "interpolate_linear": _interpolation(_LINEAR, numbers=True),
    "interpolate_spline_cubic": _interpolation(_SPLINE, numbers=True),
    "interpolate_locf": _interpolation(_LOCF, numbers=False),
    "interpolate_fill": _interpolation(_FILL, numbers=False, filled=True),
}
