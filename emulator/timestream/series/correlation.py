"""CORRELATE_PEARSON and CORRELATE_SPEARMAN."""

from collections.abc import Callable, Mapping

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call, Function
from emulator.sql.coercion import coerce
from emulator.sql.types import DOUBLE, series
from emulator.timestream.series.sql_lists import counts, let

_OTHER_TIMES = "error('The time series must have the same timestamps')"


def _correlation(ranked: Callable[[str], str]) -> Function:
    """The coefficient of two series with the same times; NULL for less than two points, NaN where one does not vary."""

    def bind(call: Call) -> BoundExpression:
        arguments = call.arguments()
        fitted = [coerce(argument, series(DOUBLE)) for argument in arguments]
        first, second = fitted if len(fitted) == 2 else (None, None)
        if first is None or second is None:
            raise call.mismatch(arguments)
        times = [f"list_transform(b.{side}, lambda x: x.f0)" for side in ("x", "y")]
        values = {side: ranked(f"list_transform(b.{side}, lambda x: x.f1)") for side in ("x", "y")}
        means = {side: f"list_avg(c.{side})" for side in ("x", "y")}
        coefficient = f"CASE WHEN len(c.x) > 1 THEN {let(means, 'm', _PEARSON)} END"
        checked = (
            f"CASE WHEN {times[0]} <> {times[1]} THEN {_OTHER_TIMES} ELSE {let(values, 'c', coefficient)} END"
        )
        sql = let({"x": first.sql, "y": second.sql}, "b", checked)
        present = f"{first.sql} IS NOT NULL AND {second.sql} IS NOT NULL"
        return BoundExpression(f"(CASE WHEN {present} THEN {sql} END)", DOUBLE, nan=True)

    return bind


def _products(one: str, other: str) -> str:
    """The SQL of the sum of the products of two lists' distances from their means."""
    product = f"(list_extract(c.{one}, i) - m.{one}) * (list_extract(c.{other}, i) - m.{other})"
    return f"list_sum(list_transform(generate_series(1, len(c.x)), lambda i: {product}))"


_PEARSON = f"{_products('x', 'y')} / sqrt({_products('x', 'x')} * {_products('y', 'y')})"


def _ranks(values: str) -> str:
    """The SQL of each value's place among all, the same for equal ones: the mean of their places."""
    below, own = counts("r.v", "r.v", equal=False)
    at_most, _ = counts("r.v", "r.v", equal=True)
    places = {"v": "r.v", "l": below, "m": at_most, "o": own}
    both = "list_extract(g.l, len(g.v) + j) + list_extract(g.m, len(g.v) + j)"
    rank = f"({both} - 2 * list_extract(g.o, j) + 1) / 2::DOUBLE"
    return let({"v": values}, "r", let(places, "g", f"list_transform(g.v, lambda x, j: {rank})"))


FUNCTIONS: Mapping[str, Function] = {
    "correlate_pearson": _correlation(lambda values: values),
    "correlate_spearman": _correlation(_ranks),
}
