"""TRY: a value, or NULL where it fails."""

import re

from sqlglot import exp

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call, Function
from emulator.sql.functions import aggregates, ordered, percentiles
from emulator.sql.scope import Field, Scope

_AGGREGATES = {*aggregates.FUNCTIONS, *ordered.FUNCTIONS, *percentiles.FUNCTIONS}
_ERROR = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\berror\(""")
_DECIDING = (exp.Case, exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ, exp.And, exp.Or, exp.Select)
_DECIDING_NAMES = ("coalesce", "if", "array_join", "try")


def _try(call: Call) -> BoundExpression:
    """TRY of DuckDB takes no aggregates and no `error`: the first are computed before, of the second there is NULL."""
    if len(call.nodes) != 1:
        raise call.refuse("The 'try' function must have exactly one argument")
    node, wholes = _taken_out(call)
    fields = [
        Field(name, BoundExpression(f"a.{name}", whole.type, nan=whole.nan)) for name, whole in wholes.items()
    ]
    value = call.binder.bind(node, Scope(fields, parent=call.scope, lambdas=call.scope.lambdas))
    sql = _ERROR.sub(lambda part: part[0] if part[0][0] in "'\"" else "constant_or_null(NULL, ", value.sql)
    # Where an error would be NULL, what is around it has to be NULL for it too.
    absorbing = sql != value.sql and any(_absorbs(part) for part in node.walk())
    if absorbing or "random(" in sql:
        raise call.lacks("try around this expression")
    if not wholes:
        return BoundExpression(f"TRY({sql})", value.type, nan=value.nan)
    given = ", ".join(f"'{name}': {whole.sql}" for name, whole in wholes.items())
    tried = f"list_extract(list_transform([{{{given}}}], lambda a: TRY({sql})), 1)"
    return BoundExpression(tried, value.type, nan=value.nan)


def _taken_out(call: Call) -> tuple[exp.Expression, dict[str, BoundExpression]]:
    """The argument with a name for each aggregate and window function, and what they are."""
    root = exp.Paren(this=call.nodes[0].copy())
    wholes: dict[str, BoundExpression] = {}
    waiting: list[exp.Expr] = [root.this]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.Select | exp.Subquery | exp.Lambda):
            continue
        if not _is_whole(call, node):
            waiting.extend(node.iter_expressions())
            continue
        name = f"whole_{len(wholes)}"
        wholes[name] = call.binder.bind(exp.Paren(this=node.copy()), call.scope)
        node.replace(exp.Column(this=exp.Identifier(this=name, quoted=True)))
    return root, wholes


def _is_whole(call: Call, node: exp.Expr) -> bool:
    """True for the call of an aggregate, with its FILTER or OVER, or of a window function."""
    while isinstance(node, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        node = node.this
    names = _AGGREGATES | call.binder.dialect.aggregates.keys()
    named = isinstance(node, exp.Anonymous) and str(node.this).lower() in names
    return named or isinstance(node, exp.Window)


def _absorbs(node: exp.Expr) -> bool:
    """True for what may make something of a NULL; of a list, if what can fail is in it."""
    if isinstance(node, exp.Array | exp.Tuple | exp.In):
        return any(part is not node for part in node.find_all(exp.Bracket, exp.Anonymous))
    named = isinstance(node, exp.Anonymous) and str(node.this).lower() in _DECIDING_NAMES
    return named or isinstance(node, _DECIDING)


FUNCTIONS: dict[str, Function] = {"try": _try}
