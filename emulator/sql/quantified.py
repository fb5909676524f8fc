"""Comparisons with every or any row of a query: = ANY (…), < ALL (…); and IN for rows."""

from sqlglot import exp

from emulator.sql import rows
from emulator.sql.binder import ExpressionBinder
from emulator.sql.bound import BoundExpression, BoundQuery, select
from emulator.sql.coercion import coerce, unify
from emulator.sql.scope import Scope
from emulator.sql.types import BOOLEAN


def quantifier(node: exp.Expression) -> tuple[str, exp.Expression] | None:
    """ANY or ALL and the query that the right side of a comparison is; None if it is an ordinary value."""
    if isinstance(node, exp.Any | exp.All):
        return "ANY" if isinstance(node, exp.Any) else "ALL", node.this
    return None


def bind_quantified(
    binder: ExpressionBinder, node: exp.Expression, scope: Scope, sign: str, word: str, query: exp.Expression
) -> BoundExpression:
    """Bind value sign ANY (query), or ALL: true of none for ALL, false of none for ANY."""
    value, bound = binder.bind(node.this, scope), binder.subquery(query, scope)
    pair = _comparable(value, bound)
    if pair is None or pair[0].type.of:
        kinds = ", ".join(map(str, bound.types()))
        raise binder.refuse(f"Cannot apply operator: {value.type} {sign} {word} ({kinds})", node)
    return BoundExpression(f"({pair[0].sql} {sign} {word} ({pair[1]}))", BOOLEAN)


def bind_row_in(
    binder: ExpressionBinder, node: exp.Expression, value: BoundExpression, bound: BoundQuery
) -> BoundExpression:
    """Bind (a, b) IN (query of two columns)."""
    parts = rows.fields(value)
    both = [
        unify([part, BoundExpression(f"q.c{i}", kind)])
        for i, (part, kind) in enumerate(zip(parts, bound.types(), strict=False))
    ]
    pairs = [pair for pair in both if pair is not None]
    if len(bound.columns) != len(parts) or len(pairs) != len(parts):
        kinds = ", ".join(map(str, bound.types()))
        raise binder.refuse(f"Cannot apply operator: {value.type} IN ({kinds})", node)
    given = ", ".join(pair[0].sql for pair in pairs)
    columns = [f"{pair[1].sql} AS c{i}" for i, pair in enumerate(pairs)]
    return BoundExpression(f"(({given}) IN ({select(columns, f'({bound.sql}) AS q')}))", BOOLEAN)


def _comparable(value: BoundExpression, bound: BoundQuery) -> tuple[BoundExpression, str] | None:
    """A value, and a query of one column, brought to one type."""
    if len(bound.columns) != 1:
        return None
    both = unify([value, BoundExpression("", bound.types()[0])])
    kind = both[0].type if both else None
    converted = coerce(BoundExpression("q.c0", bound.types()[0]), kind) if kind else None
    if both is None or converted is None:
        return None
    return both[0], select([f"{converted.sql} AS c0"], f"({bound.sql}) AS q")
