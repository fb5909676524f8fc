"""Expressions: a syntax node in, DuckDB SQL with its Timestream type out. Nodes not listed here are refused by name."""

from collections.abc import Callable, Sequence
from typing import Protocol

from sqlglot import exp

from emulator.sql import arithmetic, casts, comparison, grammar, subscripts
from emulator.sql.call import Call
from emulator.sql.functions import bind_call
from emulator.sql.scope import Ambiguous, Scope
from emulator.sql.typed import Parameter, Typed, coerce, unify, varchar, whole
from emulator.sql.types import BIGINT, BOOLEAN, DECIMAL, DOUBLE, INTEGER, UNKNOWN, Type
from emulator.timestream.errors import ValidationException

_CONSTRUCTS = {
    exp.AtTimeZone: "AT TIME ZONE",
    exp.Any: "ANY",
    exp.All: "ALL",
    exp.ILike: "ILIKE",
    exp.RegexpLike: "~",
    exp.Struct: "{...}",
    exp.HexString: "binary literals",
    exp.UnicodeString: "U& string literals",
    exp.WithinGroup: "WITHIN GROUP",
    exp.Dot: "row field access",
    exp.CurrentUser: "current_user",
    exp.Collate: "COLLATE",
}


class Subqueries(Protocol):
    """What expressions need of the binder of queries."""

    def subquery(self, node: exp.Expression, scope: Scope) -> tuple[str, list[Type]]:
        """A nested query's DuckDB SQL and the types of its columns."""
        ...


class Expressions:
    """Binds the expressions of one statement."""

    def __init__(self, query: str, subqueries: Subqueries, *, parameters: bool = False) -> None:
        self.query = query
        self.subqueries = subqueries
        self.parameters: dict[str, Parameter] | None = {} if parameters else None

    def bind(self, node: exp.Expression, scope: Scope) -> Typed:
        """The SQL and type of an expression; ValidationException when it is wrong or not supported."""
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise self.refuse(f"{_CONSTRUCTS.get(type(node), type(node).key)} is not supported", node)
        return handler(self, node, scope)

    def condition(self, node: exp.Expression, scope: Scope, clause: str) -> str:
        """The SQL of an expression that must be a boolean."""
        bound = coerce(self.bind(node, scope), BOOLEAN)
        if bound is None:
            raise self.refuse(f"{clause} must evaluate to a boolean", node)
        return bound.sql

    def refuse(self, message: str, node: exp.Expression) -> ValidationException:
        """The error for a node, with the place where it starts."""
        return grammar.refuse(message, self.query, grammar.position(node))

    def only(self, node: exp.Expression, *allowed: str) -> None:
        """Refuse a node that has a part besides those allowed."""
        for part, value in node.args.items():
            if value and part not in allowed:
                what = part.strip("_").replace("_", " ").upper()
                raise self.refuse(f"{what} is not supported here", node)

    def each(self, nodes: Sequence[exp.Expression], scope: Scope) -> list[Typed]:
        """Every expression bound."""
        return [self.bind(node, scope) for node in nodes]


def _literal(_binder: Expressions, node: exp.Expression, _scope: Scope) -> Typed:
    spelled = str(node.this)
    if node.args["is_string"]:
        return varchar(spelled)
    if spelled.isdigit():
        number = int(spelled)
        if number >= 2**63:
            raise _binder.refuse(f"Invalid numeric literal: {spelled}", node)
        return whole(number, INTEGER if number < 2**31 else BIGINT)
    if "e" in spelled.lower():
        return Typed(f"CAST('{spelled}' AS DOUBLE)", DOUBLE)
    places = len(spelled.partition(".")[2])
    digits = len(spelled.replace(".", "").lstrip("0")) or 1
    if max(digits, places) > 18:
        raise _binder.refuse(
            f"Decimal literal {spelled} has too many digits; write it as a double: {spelled}e0", node
        )
    return Typed(f"CAST('{spelled}' AS DECIMAL({max(digits, places, 1)},{places}))", DECIMAL)


def _column(binder: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    binder.only(node, "this", "table", "db")
    identifiers = [
        part for part in (node.args.get("db"), node.args.get("table"), node.this) if part is not None
    ]
    if not all(isinstance(part, exp.Identifier) for part in identifiers):
        raise binder.refuse("* is not supported here", node)
    parts = [str(part.this) for part in identifiers]
    quoted = bool(identifiers[-1].args.get("quoted"))
    for inner in scope.outwards():
        if parts[0].lower() in inner.lambdas:
            variable = inner.lambdas[parts[0].lower()]
            return subscripts.fields(binder, node, variable, parts[1:])
    try:
        found = scope.find(parts, quoted=quoted)
        if found is not None:
            return found.value
        row = scope.find(parts[:-1], quoted=quoted) if len(parts) > 1 else None
    except Ambiguous:
        raise binder.refuse(f"Column '{'.'.join(parts)}' is ambiguous", node) from None
    if row is not None and row.value.type.name == "ROW":
        return subscripts.fields(binder, node, row.value, parts[-1:])
    raise binder.refuse(f"Column '{'.'.join(parts)}' does not exist", node)


def _case(binder: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    operand = node.this
    branches = [branch.this for branch in node.args["ifs"]]
    if operand is not None:
        branches = [exp.EQ(this=operand.copy(), expression=when) for when in branches]
    conditions = [binder.condition(branch, scope, "CASE WHEN clause") for branch in branches]
    default = node.args.get("default")
    values = binder.each([branch.args["true"] for branch in node.args["ifs"]], scope)
    otherwise = binder.bind(default, scope) if default is not None else Typed("NULL", UNKNOWN)
    return choose(binder, node, conditions, [*values, otherwise])


def choose(
    binder: Expressions, node: exp.Expression, conditions: Sequence[str], values: Sequence[Typed]
) -> Typed:
    """A CASE over values of one type; the last value is for when no condition holds."""
    unified = unify(values)
    if unified is None:
        kinds = ", ".join(sorted({str(v.type) for v in values if v.type is not UNKNOWN}))
        raise binder.refuse(f"All CASE results must be the same type: {kinds}", node)
    whens = " ".join(f"WHEN {c} THEN {v.sql}" for c, v in zip(conditions, unified, strict=False))
    return Typed(
        f"(CASE {whens} ELSE {unified[-1].sql} END)", unified[-1].type, nan=any(v.nan for v in unified)
    )


def _boolean(_binder: Expressions, node: exp.Expression, _scope: Scope) -> Typed:
    return Typed("TRUE" if node.this else "FALSE", BOOLEAN)


def _null(_binder: Expressions, _node: exp.Expression, _scope: Scope) -> Typed:
    return Typed("NULL", UNKNOWN)


def _paren(binder: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    return binder.bind(node.this, scope)


def _logical(binder: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    word = "AND" if isinstance(node, exp.And) else "OR"
    operands = _flattened(node, type(node))
    return Typed(
        f"({f' {word} '.join(binder.condition(o, scope, f'Operand of {word}') for o in operands)})", BOOLEAN
    )


def _flattened(node: exp.Expression, kind: type[exp.Expression]) -> list[exp.Expression]:
    """The operands of a chain of one operator, without a recursion as deep as the chain is long."""
    operands, left = [], node
    while isinstance(left, kind):
        operands.append(left.args["expression"])
        left = left.this
    return [left, *reversed(operands)]


def _not(binder: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    return Typed(f"(NOT {binder.condition(node.this, scope, 'Operand of NOT')})", BOOLEAN)


def _parameter(binder: Expressions, node: exp.Expression, _scope: Scope) -> Typed:
    if binder.parameters is None:
        raise binder.refuse(f"Parameter @{node.name} has no value: parameters are for PrepareQuery", node)
    found = binder.parameters.setdefault(node.name, Parameter(node.name))
    return Typed("NULL", UNKNOWN, parameter=found)


def _call(binder: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    return bind_call(Call.of(binder, node, scope))


def _scalar_subquery(binder: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    sql, types = binder.subqueries.subquery(node, scope)
    if len(types) != 1:
        raise binder.refuse(
            f"Multiple columns returned by subquery are not yet supported. Found {len(types)}", node
        )
    return Typed(f"({sql})", types[0], nan=True)


def _exists(binder: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    sql, _types = binder.subqueries.subquery(node.this, scope)
    return Typed(f"EXISTS ({sql})", BOOLEAN)


_Handler = Callable[[Expressions, exp.Expression, Scope], Typed]
_HANDLERS: dict[type[exp.Expression], _Handler] = {
    exp.Literal: _literal,
    exp.Column: _column,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.Paren: _paren,
    exp.And: _logical,
    exp.Or: _logical,
    exp.Not: _not,
    exp.Case: _case,
    exp.Parameter: _parameter,
    exp.Anonymous: _call,
    exp.Window: _call,
    exp.Filter: _call,
    exp.IgnoreNulls: _call,
    exp.RespectNulls: _call,
    exp.CurrentDate: _call,
    exp.CurrentTime: _call,
    exp.CurrentTimestamp: _call,
    exp.Localtime: _call,
    exp.Localtimestamp: _call,
    exp.Extract: _call,
    exp.StrPosition: _call,
    exp.Subquery: _scalar_subquery,
    exp.Select: _scalar_subquery,
    exp.Exists: _exists,
    exp.Cast: casts.cast,
    exp.TryCast: casts.cast,
    exp.Interval: arithmetic.interval,
    exp.Neg: arithmetic.negative,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), arithmetic.binary),
    exp.DPipe: arithmetic.concatenation,
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), comparison.compare),
    exp.Between: comparison.between,
    exp.In: comparison.member,
    exp.Is: comparison.is_null,
    exp.NullSafeEQ: comparison.distinct,
    exp.NullSafeNEQ: comparison.distinct,
    exp.Like: comparison.like,
    exp.Escape: comparison.like,
    exp.Array: subscripts.array_literal,
    exp.Bracket: subscripts.subscript,
}
