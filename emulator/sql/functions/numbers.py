"""Mathematical functions: doubles follow IEEE 754 where DuckDB stops with an error."""

from emulator.sql.arithmetic import numbers
from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call, Function, Signature, function, returning
from emulator.sql.coercion import unify
from emulator.sql.types import BIGINT, BOOLEAN, DOUBLE, INTEGER, NUMERIC, VARCHAR, WHOLE, array

_NAN = "CAST('NaN' AS DOUBLE)"
_INFINITY = "CAST('Infinity' AS DOUBLE)"


def _same(whole_sql: str, double_sql: str) -> Function:
    """A function whose result has the type of its argument."""
    whole = (Signature((kind,), kind, whole_sql) for kind in WHOLE)
    return function(*whole, Signature((DOUBLE,), DOUBLE, double_sql))


def _double(sql: str) -> Function:
    return returning(DOUBLE, sql, DOUBLE)


def _nan_where(condition: str, name: str) -> Function:
    return _double(f"CASE WHEN {condition} THEN {_NAN} ELSE {name}({{0}}) END")


def _logarithm(name: str) -> Function:
    return _double(
        f"CASE WHEN {{0}} > 0 THEN {name}({{0}}) WHEN {{0}} = 0 THEN -{_INFINITY}"
        f" WHEN {{0}} IS NULL THEN NULL ELSE {_NAN} END"
    )


def _round(call: Call) -> BoundExpression:
    """Half a unit rounds away from zero, computed as Trino does: scaled, rounded, scaled back."""
    arguments = call.arguments()
    if len(arguments) not in (1, 2) or arguments[0].type not in (INTEGER, BIGINT, DOUBLE):
        raise call.mismatch(arguments)
    places = arguments[1].value if len(arguments) == 2 else 0
    if not isinstance(places, int) or not -300 <= places <= 300 or arguments[-1].type is VARCHAR:
        raise call.lacks("round to a number of decimals that is no literal from -300 to 300")
    number = arguments[0]
    if number.type is not DOUBLE:
        if places < 0:
            raise call.lacks("round of a whole number to negative decimals")
        return number
    factor = f"CAST('1e{places}' AS DOUBLE)"
    scaled = f"abs({number.sql}) * {factor}"
    sql = (
        f"(CASE WHEN NOT ({scaled} < 9e18) THEN {number.sql}"
        f" WHEN {number.sql} < 0 THEN -(round({scaled}) / {factor}) ELSE round({scaled}) / {factor} END)"
    )
    return BoundExpression(sql, DOUBLE, nan=number.nan)


def _mod(call: Call) -> BoundExpression:
    arguments = call.arguments()
    both = unify(arguments)
    if len(arguments) != 2 or both is None or both[0].type not in NUMERIC:
        raise call.mismatch(arguments)
    return numbers("%", *both)


_SIGN = f"CASE WHEN isnan({{0}}) THEN {_NAN} ELSE CAST(sign({{0}}) AS DOUBLE) END"
_POWER = returning(DOUBLE, "pow({0}, {1})", DOUBLE, DOUBLE)
_RANDOM = function(
    Signature((), DOUBLE, "random()"),
    *(
        Signature(
            (kind,), kind, f"CASE WHEN {{0}} <= 0 THEN error('bound must be positive') ELSE {drawn} END"
        )
        for kind, drawn in ((kind, f"CAST(floor(random() * {{0}}) AS {kind.duck})") for kind in WHOLE)
    ),
)
_BUCKET = "CAST(floor({3} * ({0} - {1}) / ({2} - {1})) AS BIGINT) + 1"
_WIDTH_BUCKET = (
    "CASE WHEN {3} <= 0 THEN error('bucketCount must be greater than 0')"
    " WHEN {1} = {2} THEN error('bounds cannot equal each other')"
    " WHEN ({0} < {1}) = ({1} < {2}) AND {0} <> {1} THEN 0"
    " WHEN {0} = {2} OR ({0} > {2}) = ({1} < {2}) THEN {3} + 1"
    f" ELSE {_BUCKET} END"
)
_BINS = "CAST(len(list_filter({1}, lambda b: b <= {0})) AS BIGINT)"

FUNCTIONS: dict[str, Function] = {
    "abs": _same("abs({0})", "abs({0})"),
    "ceil": _same("{0}", "ceil({0})"),
    "ceiling": _same("{0}", "ceil({0})"),
    "floor": _same("{0}", "floor({0})"),
    "sign": _same("sign({0})", _SIGN),
    "round": _round,
    "truncate": _double("trunc({0})"),
    "mod": _mod,
    "pow": _POWER,
    "power": _POWER,
    "sqrt": _nan_where("{0} < 0", "sqrt"),
    **{name: _logarithm(name) for name in ("ln", "log2", "log10")},
    **{name: _nan_where("abs({0}) > 1 OR isnan({0})", name) for name in ("acos", "asin")},
    **{name: _nan_where("isinf({0}) OR isnan({0})", name) for name in ("cos", "sin", "tan")},
    **{
        name: _double(f"{name}({{0}})")
        for name in ("atan", "cbrt", "cosh", "degrees", "exp", "radians", "tanh")
    },
    "atan2": returning(DOUBLE, "atan2({0}, {1})", DOUBLE, DOUBLE),
    "e": returning(DOUBLE, "exp(1e0)"),
    "pi": returning(DOUBLE, "pi()"),
    "infinity": returning(DOUBLE, _INFINITY),
    "nan": returning(DOUBLE, _NAN),
    "is_finite": returning(BOOLEAN, "isfinite({0})", DOUBLE),
    "is_infinite": returning(BOOLEAN, "isinf({0})", DOUBLE),
    "is_nan": returning(BOOLEAN, "isnan({0})", DOUBLE),
    "rand": _RANDOM,
    "random": _RANDOM,
    "width_bucket": function(
        Signature((DOUBLE, DOUBLE, DOUBLE, BIGINT), BIGINT, _WIDTH_BUCKET),
        Signature((DOUBLE, array(DOUBLE)), BIGINT, _BINS),
    ),
}
