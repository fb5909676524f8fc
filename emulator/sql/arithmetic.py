"""+ - * / % and ||, whose result depends on the types of both sides."""

from sqlglot import exp

from emulator.sql import timestamps
from emulator.sql.binder import ExpressionBinder
from emulator.sql.bound import BoundExpression
from emulator.sql.coercion import coerce, unify
from emulator.sql.scope import Scope
from emulator.sql.types import (
    BIGINT,
    DATE,
    DAY_TO_SECOND,
    DOUBLE,
    INTEGER,
    MOMENTS,
    NUMERIC,
    UNKNOWN,
    VARCHAR,
    WHOLE,
    YEAR_TO_MONTH,
    Type,
    array,
)

_SIGNS: dict[type[exp.Expression], str] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%",
}  # fmt: skip


def bind_operator(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind an arithmetic operator between numbers, or between times and intervals."""
    sign = _SIGNS[type(node)]
    left, right = binder.bind(node.this, scope), binder.bind(node.expression, scope)
    timed = _timed(sign, left, right)
    if timed is not None:
        return timed
    both = unify([left, right])
    if both is None or both[0].type not in NUMERIC:
        raise binder.refuse(f"Cannot apply operator: {left.type} {sign} {right.type}", node)
    return numbers(sign, *both)


def numbers(sign: str, left: BoundExpression, right: BoundExpression) -> BoundExpression:
    """An operation on two numbers of one type: whole numbers divide to whole numbers, doubles never fail."""
    kind = left.type
    if kind is DOUBLE:
        # % has the sign of the dividend, as in Java; DuckDB's fmod has that of the divisor.
        return BoundExpression(f"({left.sql} {sign} {right.sql})", DOUBLE, nan=True)
    return BoundExpression(f"({left.sql} {'//' if sign == '/' else sign} {right.sql})", kind)


def bind_negation(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind a minus in front of a number or interval."""
    operand = binder.bind(node.this, scope)
    if operand.type not in (*NUMERIC, DAY_TO_SECOND, YEAR_TO_MONTH):
        raise binder.refuse(f"Cannot negate {operand.type}", node)
    if isinstance(operand.value, int) or operand.type is DOUBLE:
        value = -operand.value if isinstance(operand.value, int) else None
        return BoundExpression(f"(-{operand.sql})", operand.type, value=value, nan=operand.nan)
    # A constant -x that does not fit would become a wider number in DuckDB.
    return BoundExpression(f"(0 - {operand.sql})", operand.type)


def bind_concatenation(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind ||, of strings, or of arrays and their elements; NULL on either side makes NULL, but for an element."""
    left, right = binder.bind(node.this, scope), binder.bind(node.expression, scope)
    both = unify([_as_array(left, right), _as_array(right, left)])
    if both is None or not (both[0].type is VARCHAR or both[0].type.name == "ARRAY"):
        raise binder.refuse(f"Cannot apply operator: {left.type} || {right.type}", node)
    if both[0].type is VARCHAR:
        return BoundExpression(f"({both[0].sql} || {both[1].sql})", VARCHAR)
    missing = " OR ".join(f"{side.sql} IS NULL" for side in both)
    joined = f"list_concat({both[0].sql}, {both[1].sql})"
    return BoundExpression(f"(CASE WHEN {missing} THEN NULL ELSE {joined} END)", both[0].type, nan=True)


def _as_array(item: BoundExpression, other: BoundExpression) -> BoundExpression:
    """The array of an element that stands beside an array."""
    if other.type.name != "ARRAY" or item.type.name == "ARRAY" or item.type is UNKNOWN:
        return item
    return BoundExpression(f"[{item.sql}]", array(item.type))


def bind_interval(binder: ExpressionBinder, node: exp.Expression, _scope: Scope) -> BoundExpression:
    """Bind INTERVAL '2' DAY."""
    unit = node.args.get("unit")
    quantity = node.this
    if not isinstance(unit, exp.Var):
        raise binder.lacks("intervals of several fields", node)
    amount, word = str(quantity.this).strip(), unit.name.lower()
    if not amount.lstrip("+-").isdigit() or len(amount) > 18:
        raise binder.refuse(f"Invalid INTERVAL value: {amount}", node)
    if word in timestamps.UNITS:
        return nanoseconds(int(amount) * timestamps.UNITS[word])
    if word in ("month", "year"):
        return months(int(amount) * timestamps.MONTHS[word])
    raise binder.refuse(f"Invalid INTERVAL field: {unit.name}", node)


def nanoseconds(amount: int) -> BoundExpression:
    """A day-to-second interval literal."""
    return BoundExpression(f"CAST({amount} AS BIGINT)", DAY_TO_SECOND, value=amount)


def months(amount: int) -> BoundExpression:
    """A year-to-month interval literal."""
    return BoundExpression(f"CAST({amount} AS INTEGER)", YEAR_TO_MONTH, value=amount)


def shifted(moment: BoundExpression, count: str) -> BoundExpression:
    """A timestamp or date moved by months: a day that the month does not have becomes its last."""
    if moment.type is DATE:
        return BoundExpression(f"CAST({moment.sql} + to_months(CAST({count} AS INTEGER)) AS DATE)", DATE)
    moved = f"epoch_us(make_timestamp({moment.sql} // 1000) + to_months(CAST({count} AS INTEGER)))"
    return BoundExpression(f"({moved} * 1000 + {moment.sql} % 1000)", moment.type)


def _timed(sign: str, left: BoundExpression, right: BoundExpression) -> BoundExpression | None:
    """The result of an operation on times and intervals, None when it is not one."""
    if sign == "+" and left.type in (DAY_TO_SECOND, YEAR_TO_MONTH) and right.type in MOMENTS:
        left, right = right, left
    if sign == "*" and right.type in (DAY_TO_SECOND, YEAR_TO_MONTH):
        left, right = right, left
    bind = _TIMED.get((left.type.name, right.type.name))
    return bind(sign, left, right) if bind else None


def _moved(sign: str, moment: BoundExpression, by: BoundExpression) -> BoundExpression | None:
    if sign not in "+-":
        return None
    if by.type is YEAR_TO_MONTH:
        return shifted(moment, f"{sign}{by.sql}")
    if moment.type is not DATE:
        return BoundExpression(f"({moment.sql} {sign} {by.sql})", moment.type)
    if not isinstance(by.value, int) or by.value % timestamps.DAY:
        return None
    return BoundExpression(f"({moment.sql} {sign} CAST({by.value // timestamps.DAY} AS INTEGER))", DATE)


def _intervals(sign: str, left: BoundExpression, right: BoundExpression) -> BoundExpression | None:
    if sign not in "+-":
        return None
    value = None
    if isinstance(left.value, int) and isinstance(right.value, int):
        value = left.value + right.value if sign == "+" else left.value - right.value
    return BoundExpression(f"({left.sql} {sign} {right.sql})", left.type, value=value)


def _scaled(sign: str, length: BoundExpression, by: BoundExpression) -> BoundExpression | None:
    if sign != "*":
        return None
    factor = coerce(by, BIGINT) if length.type is DAY_TO_SECOND else by
    if factor is None or (length.type is YEAR_TO_MONTH and by.type is not INTEGER):
        return None
    value = length.value * by.value if isinstance(length.value, int) and isinstance(by.value, int) else None
    return BoundExpression(f"({length.sql} * {factor.sql})", length.type, value=value)


def _pairs(lefts: tuple[Type, ...], rights: tuple[Type, ...]) -> list[tuple[str, str]]:
    return [(left.name, right.name) for left in lefts for right in rights]


_TIMED = {
    **dict.fromkeys(_pairs(MOMENTS, (DAY_TO_SECOND, YEAR_TO_MONTH)), _moved),
    **dict.fromkeys([(DAY_TO_SECOND.name,) * 2, (YEAR_TO_MONTH.name,) * 2], _intervals),
    **dict.fromkeys(_pairs((DAY_TO_SECOND, YEAR_TO_MONTH), WHOLE), _scaled),
}
