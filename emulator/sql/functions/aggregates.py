"""Aggregate functions, also over windows."""

from collections.abc import Callable, Sequence

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call
from emulator.sql.coercion import coerce
from emulator.sql.functions.over import over, sorting
from emulator.sql.types import BIGINT, BOOLEAN, DECIMAL, DOUBLE, INTEGER, UNKNOWN, WHOLE, Type, array

Aggregate = Callable[[Call], tuple[str, Type, str]]
"""The aggregate without its FILTER and OVER, its type, and what is done with its result."""


def bind(call: Call) -> BoundExpression:
    """An aggregate call bound, with its FILTER and OVER."""
    if call.ignore_nulls:
        raise call.refuse(f"IGNORE NULLS is not supported with {call.name}")
    if call.order and call.name != "array_agg":
        raise call.refuse(f"ORDER BY is not supported in {call.name}")
    sql, kind, finish = FUNCTIONS[call.name](call)
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
        if call.distinct:
            raise call.refuse("count(DISTINCT *) is not supported")
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
    if number is None or value.type is DECIMAL:
        raise call.mismatch([value])
    return number


def _of_double(template: str) -> Aggregate:
    def aggregate(call: Call) -> tuple[str, Type, str]:
        numbers = [_as_double(call, value) for value in [_one(call)]]
        return template.format(_distinct(call) + numbers[0].sql), DOUBLE, "{}"

    return aggregate


def _spread(name: str) -> Aggregate:
    """NaN and infinity are refused: of one such value DuckDB says that it does not vary."""

    def aggregate(call: Call) -> tuple[str, Type, str]:
        number = _as_double(call, _one(call))
        sql = number.sql
        if number.nan:
            refusal = f"error('Invalid argument to {call.name}(): NaN or infinity')"
            sql = f"CASE WHEN isnan({sql}) OR isinf({sql}) THEN {refusal} ELSE {sql} END"
        return f"{name}({_distinct(call)}{sql})", DOUBLE, "{}"

    return aggregate


def _of_pair(template: str, finish: str = "{}") -> Aggregate:
    def aggregate(call: Call) -> tuple[str, Type, str]:
        first, second = call.take(DOUBLE, DOUBLE)
        if call.distinct:
            raise call.refuse(f"DISTINCT is not supported in {call.name}")
        return template.format(first.sql, second.sql), DOUBLE, finish

    return aggregate


def _ordered(call: Call, value: BoundExpression) -> str:
    """A value that min and max may compare; NaN is refused, as Trino's versions differ on it."""
    if value.type.of or value.type is BOOLEAN:
        raise call.mismatch([value])
    if value.type is DOUBLE and value.nan:
        return f"CASE WHEN isnan({value.sql}) THEN error('Invalid argument to {call.name}(): NaN') ELSE {value.sql} END"
    return value.sql


def _extreme(call: Call) -> tuple[str, Type, str]:
    value = _one(call)
    return f"{call.name}({_ordered(call, value)})", value.type, "{}"


def _extreme_by(call: Call) -> tuple[str, Type, str]:
    """The value beside the extreme, NULL if it is NULL there: DuckDB's arg_max would skip it."""
    arguments = call.arguments()
    if len(arguments) != 2:
        raise call.mismatch(arguments)
    function = "arg_max" if call.name == "max_by" else "arg_min"
    return f"{function}_null({arguments[0].sql}, {_ordered(call, arguments[1])})", arguments[0].type, "{}"


def _arbitrary(call: Call) -> tuple[str, Type, str]:
    value = _one(call)
    return f"any_value({value.sql})", value.type, "{}"


def _boolean(name: str) -> Aggregate:
    def aggregate(call: Call) -> tuple[str, Type, str]:
        (value,) = call.take(BOOLEAN)
        return f"{name}({value.sql})", BOOLEAN, "{}"

    return aggregate


def _count_if(call: Call) -> tuple[str, Type, str]:
    (value,) = call.take(BOOLEAN)
    return f"count(CASE WHEN {value.sql} THEN 1 END)", BIGINT, "{}"


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


def _approx_percentile(call: Call) -> tuple[str, Type, str]:
    """The smallest value with at least that share of all values at or below it: exact, so within any error bound."""
    arguments = call.arguments()
    if len(arguments) != 2 or call.distinct:
        raise call.mismatch(arguments)
    value, share = arguments
    if value.type not in (INTEGER, BIGINT, DOUBLE):
        raise call.mismatch(arguments)
    several = share.type.name == "ARRAY"
    wanted = coerce(BoundExpression("", share.type.of[0]), DOUBLE) if several else coerce(share, DOUBLE)
    if wanted is None:
        raise call.mismatch(arguments)
    node = call.nodes[1]
    shares = _shares(call, node.expressions if several else [node])
    listed = f"[{', '.join(shares)}]" if several else shares[0]
    return (
        f"quantile_disc({_ordered(call, value)}, {listed})",
        array(value.type) if several else value.type,
        "{}",
    )


def _shares(call: Call, nodes: Sequence[object]) -> list[str]:
    shares = [getattr(node, "name", "") for node in nodes]
    try:
        valid = all(0 <= float(share) <= 1 for share in shares)
    except ValueError:
        valid = False
    if not valid:
        raise call.refuse("Percentile must be a literal between 0 and 1")
    return shares


FUNCTIONS: dict[str, Aggregate] = {
    "count": _count,
    "count_if": _count_if,
    "sum": _sum,
    "avg": _of_double("avg({})"),
    "min": _extreme,
    "max": _extreme,
    "min_by": _extreme_by,
    "max_by": _extreme_by,
    "arbitrary": _arbitrary,
    "bool_and": _boolean("bool_and"),
    "bool_or": _boolean("bool_or"),
    "every": _boolean("bool_and"),
    "array_agg": _array_agg,
    "approx_distinct": _approx_distinct,
    "approx_percentile": _approx_percentile,
    **{name: _spread(name) for name in ("stddev_samp", "stddev_pop", "var_samp", "var_pop")},
    "stddev": _spread("stddev_samp"),
    "variance": _spread("var_samp"),
    "covar_pop": _of_pair("covar_pop({}, {})"),
    "covar_samp": _of_pair("covar_samp({}, {})"),
    "corr": _of_pair("corr({}, {})", "(CASE WHEN isfinite({0}) THEN {0} END)"),
    "regr_slope": _of_pair("regr_slope({}, {})", "(CASE WHEN isfinite({0}) THEN {0} END)"),
    "regr_intercept": _of_pair("regr_intercept({}, {})", "(CASE WHEN isfinite({0}) THEN {0} END)"),
}
