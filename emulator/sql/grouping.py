"""GROUP BY: what is selected or sorted by is grouped by, or stands in an aggregate."""

from collections.abc import Iterator, Sequence

from sqlglot import exp

from emulator.sql.binder import QueryBinder
from emulator.sql.bound import BoundColumn
from emulator.sql.errors import InvalidQueryError
from emulator.sql.functions import is_aggregate_call
from emulator.sql.placement import APART
from emulator.sql.scope import Ambiguous, Scope, qualifies

_SETS = (exp.GroupingSets, exp.Rollup, exp.Cube, exp.Tuple)


def check_grouping(
    binder: QueryBinder, node: exp.Expression, columns: Sequence[BoundColumn], scope: Scope
) -> None:
    """Refuse the first column of a SELECT with aggregates that is neither grouped by nor in one of them."""
    group, having = node.args.get("group"), node.args.get("having")
    order = node.args.get("order")
    sorted_by = [key.this for key in order.expressions] if order is not None else []
    items = [*node.expressions, *([having.this] if having is not None else []), *sorted_by]
    if group is None and not any(_has_aggregate(binder, item) for item in items):
        return
    check = _Check(binder, scope)
    for item in _flat(group.expressions if group is not None else ()):
        place = int(item.name) if isinstance(item, exp.Literal) and item.name.isdigit() else 0
        value = columns[place - 1].value if 0 < place <= len(columns) else None
        if value is None:
            check.group_by(item)
        else:
            check.group_by_column(value.sql, node.expressions)
    for item in items[: len(items) - len(sorted_by)]:
        check.expression(_plain(item))
    check.names = {column.name.lower() for column in columns if column.name is not None}
    for item in sorted_by:
        check.expression(item)


class _Check:
    """The expressions that a SELECT groups by, as SQL; only nodes of their kinds may be one of them."""

    def __init__(self, binder: QueryBinder, scope: Scope) -> None:
        self._binder, self._scope = binder, scope
        self._grouped: set[str] = set()
        self._kinds: set[type[exp.Expression]] = set()
        self._unsure = False
        self.names: set[str] = set()

    def group_by(self, node: exp.Expression) -> None:
        """Note an expression that is grouped by; with one that cannot be compared, nothing is refused."""
        sql = self._sql(node)
        self._unsure = self._unsure or sql is None
        self._grouped.add(sql or "")
        self._kinds.add(type(node))

    def group_by_column(self, sql: str, items: Sequence[exp.Expression]) -> None:
        """Note that a column is grouped by its number, which may be that of any item of SELECT."""
        self._grouped.add(sql)
        self._kinds |= {type(_plain(item)) for item in items}

    def expression(self, node: exp.Expression) -> None:
        """Refuse an expression with a column that is not grouped by, outside of aggregates."""
        waiting = [] if self._unsure else [node]
        while waiting:
            part = waiting.pop()
            if isinstance(part, APART) or _is_aggregate(self._binder, part):
                continue
            if isinstance(part, exp.Star) or (
                isinstance(part, exp.Column) and isinstance(part.this, exp.Star)
            ):
                self._star(part)
            elif type(part) in self._kinds and self._sql(part) in self._grouped:
                continue
            elif isinstance(part, exp.Column):
                self._column(part)
            else:
                waiting.extend(reversed(list(_parts(part))))

    def _sql(self, node: exp.Expression) -> str | None:
        """The SQL of an expression, None for one with a subquery or a parameter."""
        try:
            return self._binder.expressions.without_subqueries(node, self._scope).sql
        except InvalidQueryError:
            return None

    def _column(self, node: exp.Column) -> None:
        parts = [part.name for part in (node.args.get("db"), node.args.get("table"), node.this) if part]
        if len(parts) == 1 and parts[0].lower() in self.names:
            return
        try:
            local = self._scope.local(parts, quoted=bool(node.this.args.get("quoted"))) is not None
        except Ambiguous:
            local = False
        if local:
            raise self._refusal(".".join(parts), node)

    def _star(self, node: exp.Expression) -> None:
        table = [part.name for part in (node.args.get("db"), node.args.get("table")) if part is not None]
        for field in self._scope.fields:
            shown = qualifies(field.table, table) and not field.hidden
            if shown and field.value.sql not in self._grouped:
                raise self._refusal(field.name or "*", node)

    def _refusal(self, name: str, node: exp.Expression) -> Exception:
        message = f"'{name}' must be an aggregate expression or appear in GROUP BY clause"
        return self._binder.expressions.refuse(message, node)


def _parts(node: exp.Expression) -> Iterator[exp.Expression]:
    """The parts of a node; of a call over a window its arguments, as it is no aggregate of the rows."""
    if not isinstance(node, exp.Window):
        yield from node.iter_expressions()
        return
    call = node.this
    while isinstance(call, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        if isinstance(call, exp.Filter):
            yield call.expression
        call = call.this
    yield from call.iter_expressions()
    yield from (part for part in node.iter_expressions() if part is not node.this)


def _is_aggregate(binder: QueryBinder, node: exp.Expression) -> bool:
    call = node.this if isinstance(node, exp.Filter) else node
    return is_aggregate_call(call, binder.expressions.dialect.aggregates)


def _has_aggregate(binder: QueryBinder, node: exp.Expression) -> bool:
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if _is_aggregate(binder, part):
            return True
        if not isinstance(part, APART):
            waiting.extend(_parts(part))
    return False


def _flat(items: Sequence[exp.Expression]) -> Iterator[exp.Expression]:
    """The expressions in a GROUP BY, of all its sets."""
    for item in items:
        if isinstance(item, _SETS):
            yield from _flat(item.expressions)
        else:
            yield _plain(item)


def _plain(item: exp.Expression) -> exp.Expression:
    while isinstance(item, exp.Paren | exp.Alias):
        item = item.this
    return item
