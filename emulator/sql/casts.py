"""CAST and TRY_CAST as in Trino: DuckDB's own casts read more and round half to even."""

from dataclasses import replace

from sqlglot import exp

from emulator.sql import timestamps
from emulator.sql.binder import ExpressionBinder
from emulator.sql.bound import BoundExpression, date_of, null, text
from emulator.sql.coercion import coerce, field, structure
from emulator.sql.parser import type_text
from emulator.sql.render import as_text
from emulator.sql.scope import Scope
from emulator.sql.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    MOMENTS,
    NANOSECONDS_TZ,
    NUMERIC,
    TIME,
    TIMESTAMP,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    WHOLE,
    Type,
    array,
    elements,
    row,
)

_NAMES = {kind.name: kind for kind in (BOOLEAN, BIGINT, DOUBLE, VARCHAR, TIMESTAMP, DATE, TIME)} | {
    "INT": INTEGER
}
_NESTED = ("ARRAY", "STRUCT")
_NUMBER = r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*"
_MOMENT = r"\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]{1,9})?)?)?\s*"
_DAY = r"\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\s*"
_READABLE = {
    "INTEGER": "regexp_full_match({0}, '[+-]?[0-9]+')",
    "BIGINT": "regexp_full_match({0}, '[+-]?[0-9]+')",
    "DOUBLE": f"(regexp_full_match({{0}}, {text(_NUMBER)}) OR {{0}} IN ('NaN', 'Infinity', '+Infinity', '-Infinity'))",
    "BOOLEAN": "lower({0}) IN ('t', 'true', '1', 'f', 'false', '0')",
}


def bind_cast(binder: ExpressionBinder, node: exp.Expression, scope: Scope) -> BoundExpression:
    """Bind CAST, TRY_CAST, and typed literals such as TIMESTAMP '…', which are casts to the parser."""
    binder.only(node, "this", "to", "typed")
    to, length = target(binder, node)
    value = replace(binder.bind(node.this, scope), as_time=True)
    function = "TRY_CAST" if isinstance(node, exp.TryCast) else "CAST"
    if value.type is UNKNOWN:
        return coerce(value, to) or null(to)
    literal = _literal(value, to)
    if literal is not None:
        return replace(literal, sql=_to_precision(binder, literal.sql, value, to))
    if value.type is VARCHAR and value.value is not None and to in (TIMESTAMP, DATE, TIME):
        if function == "TRY_CAST":
            return null(to)
        raise binder.refuse(f"Value cannot be cast to {to}: {value.value}", node)
    sql = _converted(value, to, function, binder.dialect.timestamp_digits)
    if sql is None:
        raise binder.refuse(f"Cannot cast {value.type} to {to}", node)
    if length is not None:
        if value.type is not VARCHAR:
            raise binder.refuse(f"Cannot cast {value.type} to varchar({length}): only to varchar", node)
        sql = f"left({sql}, {length})"
    sql = _to_precision(binder, sql, value, to)
    return BoundExpression(sql, to, nan=value.type in (DOUBLE, VARCHAR))


def _to_precision(binder: ExpressionBinder, sql: str, value: BoundExpression, to: Type) -> str:
    """The SQL of a timestamp that had more digits, rounded where timestamps have three."""
    finer = value.type in (VARCHAR, NANOSECONDS_TZ)
    if to is not TIMESTAMP or not finer or binder.dialect.timestamp_digits == 9:
        return sql
    return f"(({sql} + 500000) // 1000000 * 1000000)"


def target(binder: ExpressionBinder, node: exp.Expression) -> tuple[Type, int | None]:
    """The type a cast names, and a varchar's length."""
    kind = node.args["to"]
    if kind.this.name in _NESTED:
        return _nested(binder, node, kind), None
    if kind.this is exp.DataType.Type.USERDEFINED:
        raise binder.refuse(f"Unknown type: {type_text(kind)}", node)
    found = _NAMES.get(kind.this.name)
    number = kind.expressions[0].name if kind.expressions else ""
    sized = found is VARCHAR and number.isdigit()
    precise = found in (TIMESTAMP, TIME) and number == str(binder.dialect.timestamp_digits)
    if node.args.get("typed") and found in (TIMESTAMP, TIME):
        digits = len(node.this.name.partition(".")[2])
        if digits > binder.dialect.timestamp_digits:
            raise binder.lacks(f"the type {found}({digits})", node)
    if found is None or (number and not sized and not precise):
        raise binder.lacks(f"the type {type_text(kind)}", node)
    return found, int(number) if sized else None


def _nested(binder: ExpressionBinder, node: exp.Expression, kind: exp.DataType) -> Type:
    """The type that ARRAY(…), ROW(…) or the name of a part of them means."""
    parts = [part.args["kind"] if isinstance(part, exp.ColumnDef) else part for part in kind.expressions]
    if kind.this.name == "ARRAY" and len(parts) == 1:
        return array(_nested(binder, node, parts[0]))
    if kind.this.name == "STRUCT" and parts:
        names = [part.name if isinstance(part, exp.ColumnDef) else None for part in kind.expressions]
        return row([_nested(binder, node, part) for part in parts], names)
    found, length = target(binder, exp.Cast(this=node.this, to=kind))
    if length is not None:
        raise binder.lacks(f"the type {type_text(kind)} here", node)
    return found


def _literal(value: BoundExpression, to: Type) -> BoundExpression | None:
    if value.type is not VARCHAR or not isinstance(value.value, str):
        return None
    if to is TIME:
        clock = timestamps.time_of_day(value.value)
        return None if clock is None else BoundExpression(f"CAST({clock} AS BIGINT)", TIME)
    return coerce(value, to) if to in (TIMESTAMP, DATE) else None


def _converted(value: BoundExpression, to: Type, function: str, digits: int) -> str | None:
    if value.type == to:
        return value.sql
    if value.type is UNKNOWN:
        return null(to).sql
    if to.of:
        return _nested_as(value, to, function, digits)
    if to is VARCHAR:
        return (
            as_text(value.sql, value.type, digits)
            if not value.type.of and value.type is not VARBINARY
            else None
        )
    if value.type is VARCHAR:
        return _from_text(value.sql, to, function)
    if to in WHOLE and value.type in (*NUMERIC, BOOLEAN):
        # Half a unit rounds away from zero, and what does not fit is an error (NULL for TRY_CAST).
        rounded = f"round({value.sql})" if value.type is DOUBLE else value.sql
        return f"{function}({rounded} AS {to.duck})"
    if to is DOUBLE and value.type in (*WHOLE, BOOLEAN):
        return f"CAST({value.sql} AS DOUBLE)"
    if to is BOOLEAN and value.type in (*WHOLE, DOUBLE):
        return f"({value.sql} <> 0)"
    if value.type in MOMENTS:
        return _moment(value, to)
    return None


def _nested_as(value: BoundExpression, to: Type, function: str, digits: int) -> str | None:
    """A row or array with each part cast; TRY_CAST makes NULL of the parts that cannot be cast."""
    element, wanted = elements(value.type), elements(to)
    if element is not None and wanted is not None and to.name == "ARRAY":
        variable = f"k{to.duck.count('[]')}"
        inner = _converted(BoundExpression(variable, element), wanted, function, digits)
        return None if inner is None else f"list_transform({value.sql}, lambda {variable}: {inner})"
    if not value.type.name == to.name == "ROW" or len(value.type.of) != len(to.of):
        return None
    parts = [_converted(field(value, i), kind, function, digits) for i, kind in enumerate(to.of)]
    known = [BoundExpression(sql, kind) for sql, kind in zip(parts, to.of, strict=True) if sql is not None]
    return structure(known, value.sql) if len(known) == len(parts) else None


def _moment(value: BoundExpression, to: Type) -> str | None:
    if to is TIMESTAMP:
        moved = coerce(value, to)
        return moved.sql if moved else None
    if value.type is not DATE and to is DATE:
        return date_of(value.sql)
    if value.type is not DATE and to is TIME:
        return f"(({value.sql} % {timestamps.DAY} + {timestamps.DAY}) % {timestamps.DAY})"
    return None


def _from_text(sql: str, to: Type, function: str) -> str | None:
    """Text that Trino would not read is made unreadable for DuckDB too, so that its cast fails."""
    if to in (TIMESTAMP, DATE):
        shape, through = (_MOMENT, "TIMESTAMP_NS") if to is TIMESTAMP else (_DAY, "DATE")
        guarded = f"CASE WHEN regexp_full_match({sql}, {text(shape)}) THEN trim({sql}) ELSE 'not a {to}: ' || {sql} END"
        cast_sql = f"{function}({guarded} AS {through})"
        return f"epoch_ns({cast_sql})" if to is TIMESTAMP else cast_sql
    readable = _READABLE.get(to.name)
    if readable is None:
        return None
    guarded = f"CASE WHEN {readable.format(sql)} THEN {sql} ELSE 'not a {to}: ' || {sql} END"
    return f"{function}({guarded} AS {to.duck})"
