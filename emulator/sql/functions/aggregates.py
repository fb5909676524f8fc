"""Aggregate functions, also over windows."""

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Aggregate, Call
from emulator.sql.coercion import coerce
from emulator.sql.functions.windows import over, sorting
from emulator.sql.types import BIGINT, BOOLEAN, DOUBLE, UNKNOWN, WHOLE, Type, array


def bind(call: Call, aggregate: Aggregate) -> BoundExpression:
    """An aggregate call bound, with its FILTER and OVER."""
    if call.ignore_nulls:
        raise call.lacks(f"IGNORE NULLS in {call.name}")
    if call.order and call.name != "array_agg":
        raise call.lacks(f"ORDER BY in {call.name}")
    sql, kind, finish = aggregate(call)
    if call.condition is not None:
        sql += f" FILTER (WHERE {call.binder.condition(call.condition, call.scope, 'FILTER clause')})"
    if call.window is not None:
        if call.distinct:
            raise call.refuse("DISTINCT in window function parameters not yet supported")
        sql += over(call)
    return BoundExpression(finish.format(sql), kind, nan=kind is DOUBLE)


def _distinct(call: Call) -> str:
    return "DISTINCT " if call.distinct else ""


def _count(call: Call) -> tuple[str, Type, str]:
    if call.star or not call.nodes:
        return "count(*)", BIGINT, "{}"
    arguments = call.arguments()
    if len(arguments) != 1:
        raise call.mismatch(arguments)
    return f"count({_distinct(call)}{arguments[0].sql})", BIGINT, "{}"


def _one(call: Call) -> BoundExpression:
    arguments = call.arguments()
    if len(arguments) != 1 or call.star:
        raise call.mismatch(arguments)
    return arguments[0]


def _sum(call: Call) -> tuple[str, Type, str]:
    value = _one(call)
    if value.type in (*WHOLE, UNKNOWN):
        number = coerce(value, BIGINT) or value
        return f"sum({_distinct(call)}{number.sql})", BIGINT, "CAST({} AS BIGINT)"
    return f"sum({_distinct(call)}{_as_double(call, value).sql})", DOUBLE, "{}"


def _as_double(call: Call, value: BoundExpression) -> BoundExpression:
    number = coerce(value, DOUBLE)
    if number is None:
        raise call.mismatch([value])
    return number


def _avg(call: Call) -> tuple[str, Type, str]:
    return f"avg({_distinct(call)}{_as_double(call, _one(call)).sql})", DOUBLE, "{}"


def _spread(name: str) -> Aggregate:
    """NaN and infinity are refused: of one such value DuckDB says that it does not vary."""

    def aggregate(call: Call) -> tuple[str, Type, str]:
        number = _as_double(call, _one(call))
        sql = number.sql
        if number.nan:
            refusal = f"error('Invalid argument to {call.name}(): NaN or infinity')"
            sql = f"CASE WHEN {call.counts()}(isnan({sql}) OR isinf({sql})) THEN {refusal} ELSE {sql} END"
        return f"{name}({_distinct(call)}{sql})", DOUBLE, "{}"

    return aggregate


def _plain(template: str, returns: Type, *takes: Type, finish: str = "{}") -> Aggregate:
    def aggregate(call: Call) -> tuple[str, Type, str]:
        items = call.take(*takes)
        if call.distinct and len(items) > 1:
            raise call.lacks(f"DISTINCT in {call.name}")
        return template.format(*(item.sql for item in items)), returns, finish

    return aggregate


def _of_pair(name: str, finish: str = "{}") -> Aggregate:
    return _plain(f"{name}({{}}, {{}})", DOUBLE, DOUBLE, DOUBLE, finish=finish)


def _arbitrary(call: Call) -> tuple[str, Type, str]:
    value = _one(call)
    return f"any_value({value.sql})", value.type, "{}"


def _array_agg(call: Call) -> tuple[str, Type, str]:
    value = _one(call)
    order = f" ORDER BY {sorting(call, call.order)}" if call.order else ""
    return f"list({_distinct(call)}{value.sql}{order})", array(value.type), "{}"


def _approx_distinct(call: Call) -> tuple[str, Type, str]:
    """An exact count is within any error bound."""
    arguments = call.arguments()
    if len(arguments) not in (1, 2) or (len(arguments) == 2 and coerce(arguments[1], DOUBLE) is None):
        raise call.mismatch(arguments)
    return f"count(DISTINCT {arguments[0].sql})", BIGINT, "{}"


_DISTANCES = "list_transform(x, lambda v: pow(v - list_avg(x), {}))"
_MOMENTS = "sqrt(len(x)) * list_sum({}) / pow(list_sum({}), 1.5)"
_SKEWED = _MOMENTS.format(_DISTANCES.format(3), _DISTANCES.format(2))
# DuckDB's own skewness is that of a sample, Trino's that of all values.
_SKEWNESS = (
    "list_extract(list_transform([list_filter({}, lambda v: v IS NOT NULL)],"
    f" lambda x: CASE WHEN len(x) >= 3 THEN {_SKEWED} END), 1)"
)


FUNCTIONS: dict[str, Aggregate] = {
    "bitwise_and_agg": _plain("bit_and({})", BIGINT, BIGINT),
    "bitwise_or_agg": _plain("bit_or({})", BIGINT, BIGINT),
    "count": _count,
    "count_if": _plain("count(CASE WHEN {} THEN 1 END)", BIGINT, BOOLEAN),
    "sum": _sum,
    "avg": _avg,
    "arbitrary": _arbitrary,
    "bool_and": _plain("bool_and({})", BOOLEAN, BOOLEAN),
    "bool_or": _plain("bool_or({})", BOOLEAN, BOOLEAN),
    "every": _plain("bool_and({})", BOOLEAN, BOOLEAN),
    "array_agg": _array_agg,
    "approx_distinct": _approx_distinct,
    **{name: _spread(name) for name in ("stddev_samp", "stddev_pop", "var_samp", "var_pop")},
    "stddev": _spread("stddev_samp"),
    "variance": _spread("var_samp"),
    "kurtosis": _plain("kurtosis({})", DOUBLE, DOUBLE),
    "skewness": _plain("list({})", DOUBLE, DOUBLE, finish=_SKEWNESS),
    "geometric_mean": _plain("avg(ln({}))", DOUBLE, DOUBLE, finish="exp({})"),
    "covar_pop": _of_pair("covar_pop"),
    "covar_samp": _of_pair("covar_samp"),
    **{
        name: _of_pair(name, "(CASE WHEN isfinite({0}) THEN {0} END)")
        for name in ("corr", "regr_slope", "regr_intercept")
    },
}
