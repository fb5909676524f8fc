"""DERIVATIVE_LINEAR, NON_NEGATIVE_DERIVATIVE_LINEAR and INTEGRAL_TRAPEZOIDAL."""

from collections.abc import Mapping

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call, Function
from emulator.sql.coercion import coerce
from emulator.sql.timestamps import SECOND
from emulator.sql.types import BIGINT, DAY_TO_SECOND, DOUBLE, INTEGER, series
from emulator.timestream.series.sql_lists import let

_LENGTH = "CAST(list_extract(b.s, i + 1).f0 - list_extract(b.s, i).f0 AS DOUBLE)"
_PAIRS = "generate_series(1, len(b.s) - 1)"


def _numbers(call: Call, given: BoundExpression) -> str:
    """The SQL of a series as one of doubles."""
    numeric = given.type.name == "TIMESERIES" and given.type.of[0] in (INTEGER, BIGINT, DOUBLE)
    fitting = coerce(given, series(DOUBLE)) if numeric else None
    if fitting is None:
        raise call.mismatch(call.arguments())
    return fitting.sql


def _derivative(call: Call) -> BoundExpression:
    """The change per interval from each point to the next, at the time of the next: so there is one point less."""
    arguments = call.arguments()
    if len(arguments) != 2 or arguments[1].type is not DAY_TO_SECOND:
        raise call.mismatch(arguments)
    change = "list_extract(b.s, i + 1).f1 - list_extract(b.s, i).f1"
    point = f"{{'f0': list_extract(b.s, i + 1).f0, 'f1': ({change}) * b.w / {_LENGTH}}}"
    points = f"list_transform({_PAIRS}, lambda i: {point})"
    if call.name.startswith("non_negative"):
        points = f"list_filter({points}, lambda x: x.f1 >= 0)"
    values = {"s": _numbers(call, arguments[0]), "w": arguments[1].sql}
    sql = f"(CASE WHEN {values['s']} IS NOT NULL THEN {let(values, 'b', points)} END)"
    return BoundExpression(sql, series(DOUBLE))


def _integral(call: Call) -> BoundExpression:
    """The area under the lines between the points, per interval; 0 for less than two points."""
    arguments = call.arguments()
    if len(arguments) == 1:
        arguments.append(BoundExpression(f"CAST({SECOND} AS BIGINT)", DAY_TO_SECOND))
    if len(arguments) != 2 or arguments[1].type is not DAY_TO_SECOND:
        raise call.mismatch(arguments)
    area = f"(list_extract(b.s, i + 1).f1 + list_extract(b.s, i).f1) / 2 * {_LENGTH} / b.w"
    areas = f"coalesce(list_sum(list_transform({_PAIRS}, lambda i: {area})), CAST(0 AS DOUBLE))"
    values = {"s": _numbers(call, arguments[0]), "w": arguments[1].sql}
    sql = f"(CASE WHEN {values['s']} IS NOT NULL THEN {let(values, 'b', areas)} END)"
    return BoundExpression(sql, DOUBLE, nan=True)


FUNCTIONS: Mapping[str, Function] = {
    "derivative_linear": _derivative,
    "non_negative_derivative_linear": _derivative,
    "integral_trapezoidal": _integral,
}
