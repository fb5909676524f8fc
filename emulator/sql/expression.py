"""Every kind of expression that is supported, and what binds it; any other is refused by name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from emulator.sql import arithmetic, casts, comparison, logic, rows
from emulator.sql.binder import ExpressionBinder, ExpressionHandler
from emulator.sql.bound import BoundExpression, Parameter, varchar, whole
from emulator.sql.call import Call, Function
from emulator.sql.coercion import coerce
from emulator.sql.functions import arrays, bind_function_call
from emulator.sql.scope import Ambiguous, Scope
from emulator.sql.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTEGER,
    NANOSECONDS_TZ,
    TIMESTAMP_TZ,
    UNKNOWN,
)


def expression_handlers(functions: Mapping[str, Function]) -> dict[type[exp.Expression], ExpressionHandler]:
    """The handler of each kind of expression, calls of a dialect's own functions included."""

    def bind_call(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
        return bind_function_call(Call.of(binder, node, scope), functions)

    return {**_HANDLERS, **dict.fromkeys(_CALLS, bind_call)}


def _literal(binder: ExpressionBinder, node: exp.Expression, _scope: Scope) -> BoundExpression:
    spelled = str(node.this)
    if node.args["is_string"]:
        return replace(varchar(spelled), as_time=binder.dialect.text_as_time)
    if spelled.isdigit():
        number = int(spelled)
        if number >= 2**63:
            raise binder.refuse(f"Invalid numeric literal: {spelled}", node)
        return whole(number, INTEGER if number < 2**31 else BIGINT)
    # Timestream has no decimals, and Athena's are not in this emulator: 1.5 is a double.
    return BoundExpression(f"CAST('{spelled}' AS DOUBLE)", DOUBLE)


def _column(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    parts = (node.args.get("catalog"), node.args.get("db"), node.args.get("table"), node.this)
    identifiers = [part for part in parts if part is not None]
    return _named(binder, node, identifiers, scope)


def _named(
    binder: ExpressionBinder, node: exp.Expression, identifiers: Sequence[exp.Expression], scope: Scope
) -> BoundExpression:
    """The column that a name means, or the field of a row whose column its first parts mean."""
    parts = [str(part.this) for part in identifiers]
    for count in range(len(parts), 0, -1):
        try:
            found = scope.find(parts[:count], quoted=bool(identifiers[count - 1].args.get("quoted")))
        except Ambiguous:
            raise binder.refuse(f"Column '{'.'.join(parts)}' is ambiguous", node) from None
        if found is not None and (count == len(parts) or found.value.type.name == "ROW"):
            value = found.value
            for part in parts[count:]:
                value = rows.named(binder, node, value, part)
            return value
    raise binder.refuse(f"Column '{'.'.join(parts)}' does not exist", node)


def _placeholder(binder: ExpressionBinder, node: exp.Expression, _scope: Scope) -> BoundExpression:
    raise binder.refuse("Incorrect number of parameters: expected 1 but found 0", node)


def _parameter(binder: ExpressionBinder, node: exp.Expression, _scope: Scope) -> BoundExpression:
    if binder.parameters is None:
        raise binder.refuse(f"Parameter @{node.name} has no value: parameters are for PrepareQuery", node)
    found = binder.parameters.setdefault(node.name, Parameter(node.name))
    return BoundExpression("NULL", UNKNOWN, parameter=found)


def _at_time_zone(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind AT TIME ZONE 'UTC', the zone in which all moments are."""
    value, zone = binder.bind(node.this, scope), node.args["zone"]
    if not binder.dialect.time_zones or not isinstance(zone, exp.Literal) or zone.name.upper() != "UTC":
        raise binder.lacks("AT TIME ZONE other than 'UTC'", node)
    moment = value if value.type is NANOSECONDS_TZ else coerce(value, TIMESTAMP_TZ)
    if moment is None:
        raise binder.refuse(f"Type of value must be a time or timestamp, not {value.type}", node)
    return moment


def _scalar_subquery(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    bound = binder.subquery(node, scope)
    types = bound.types()
    if len(types) != 1:
        raise binder.refuse(
            f"Multiple columns returned by subquery are not yet supported. Found {len(types)}", node
        )
    return BoundExpression(f"({bound.sql})", types[0], nan=True)


_CALLS: tuple[type[exp.Expression], ...] = (
    exp.Anonymous, exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.Extract, exp.StrPosition,
    exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.Localtime, exp.Localtimestamp,
)  # fmt: skip
_HANDLERS: dict[type[exp.Expression], ExpressionHandler] = {
    exp.Literal: _literal,
    exp.Column: _column,
    exp.Tuple: rows.bind_row,
    exp.Dot: rows.bind_field,
    exp.Boolean: lambda _binder, node, _scope: BoundExpression("TRUE" if node.this else "FALSE", BOOLEAN),
    exp.Null: lambda *_: BoundExpression("NULL", UNKNOWN),
    exp.Paren: lambda binder, node, scope: binder.bind(node.this, scope),
    exp.Parameter: _parameter,
    exp.Placeholder: _placeholder,
    exp.AtTimeZone: _at_time_zone,
    exp.And: logic.bind_and_or,
    exp.Or: logic.bind_and_or,
    exp.Not: logic.bind_not,
    exp.Case: logic.bind_case,
    exp.Subquery: _scalar_subquery,
    exp.Select: _scalar_subquery,
    exp.Exists: lambda binder, node, scope: BoundExpression(
        f"EXISTS ({binder.subquery(node.this, scope).sql})", BOOLEAN
    ),
    exp.Cast: casts.bind_cast,
    exp.TryCast: casts.bind_cast,
    exp.Interval: arithmetic.bind_interval,
    exp.Neg: arithmetic.bind_negation,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), arithmetic.bind_operator),
    exp.DPipe: arithmetic.bind_concatenation,
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), comparison.bind_comparison),
    exp.Between: comparison.bind_between,
    exp.In: comparison.bind_in,
    exp.Is: comparison.bind_is_null,
    exp.NullSafeEQ: comparison.bind_distinct_from,
    exp.NullSafeNEQ: comparison.bind_distinct_from,
    exp.Like: comparison.bind_like,
    exp.Escape: comparison.bind_like,
    exp.Array: arrays.bind_array,
    exp.Bracket: arrays.bind_subscript,
}
