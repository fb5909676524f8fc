"""Aggregate functions, also over windows."""

from collections.abc import Sequence

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Aggregate, Call
from emulator.sql.coercion import coerce
from emulator.sql.functions.windows import over, sorting
from emulator.sql.types import BIGINT, BOOLEAN, DOUBLE, INTEGER, UNKNOWN, WHOLE, Type, array


def bind(call: Call, aggregate: Aggregate) -> BoundExpression:
    """An aggregate call bound, with its FILTER and OVER."""
    if call.ignore_nulls:
        raise call.refuse(f"IGNORE NULLS is not supported with {call.name}")
    if call.order and call.name != "array_agg":
        raise call.refuse(f"ORDER BY is not supported in {call.name}")
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
            sql = f"CASE WHEN isnan({sql}) OR isinf({sql}) THEN {refusal} ELSE {sql} END"
        return f"{name}({_distinct(call)}{sql})", DOUBLE, "{}"

    return aggregate


def _plain(template: str, returns: Type, *takes: Type, finish: str = "{}") -> Aggregate:
    def aggregate(call: Call) -> tuple[str, Type, str]:
        items = call.take(*takes)
        if call.distinct and len(items) > 1:
            raise call.refuse(f"DISTINCT is not supported in {call.name}")
        return template.format(*(item.sql for item in items)), returns, finish

    return aggregate


def _of_pair(name: str, finish: str = "{}") -> Aggregate:
    return _plain(f"{name}({{}}, {{}})", DOUBLE, DOUBLE, DOUBLE, finish=finish)


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
    "count_if": _plain("count(CASE WHEN {} THEN 1 END)", BIGINT, BOOLEAN),
    "sum": _sum,
    "avg": _avg,
    "min": _extreme,
    "max": _extreme,
    "min_by": _extreme_by,
    "max_by": _extreme_by,
    "arbitrary": _arbitrary,
    "bool_and": _plain("bool_and({})", BOOLEAN, BOOLEAN),
    "bool_or": _plain("bool_or({})", BOOLEAN, BOOLEAN),
    "every": _plain("bool_and({})", BOOLEAN, BOOLEAN),
    "array_agg": _array_agg,
    "approx_distinct": _approx_distinct,
    "approx_percentile": _approx_percentile,
    **{name: _spread(name) for name in ("stddev_samp", "stddev_pop", "var_samp", "var_pop")},
    "stddev": _spread("stddev_samp"),
    "variance": _spread("var_samp"),
    "covar_pop": _of_pair("covar_pop"),
    "covar_samp": _of_pair("covar_samp"),
    **{
        name: _of_pair(name, "(CASE WHEN isfinite({0}) THEN {0} END)")
        for name in ("corr", "regr_slope", "regr_intercept")
    },
}
