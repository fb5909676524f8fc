"""The two binders of a statement: of expressions and of queries. They get tables of what binds each kind of node.

What binds one is a function of binder, node and scope, `bind_…`, in a module that imports this one. The tables stand in
`expression.py` and `query.py`; `query.query_binder` puts everything together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count

from sqlglot import exp

from emulator.sql import parser
from emulator.sql.bound import BoundExpression, BoundQuery, Parameter
from emulator.sql.catalog import Catalog, TableInfo, ViewInfo
from emulator.sql.coercion import coerce
from emulator.sql.dialect import Dialect
from emulator.sql.errors import InvalidQueryError, NotInEmulatorError, invalid, lacking
from emulator.sql.partitions import Reading
from emulator.sql.scope import Scope
from emulator.sql.types import BOOLEAN

ExpressionHandler = Callable[["ExpressionBinder", exp.Expression, Scope], BoundExpression]
QueryHandler = Callable[["QueryBinder", exp.Expression, Scope | None], BoundQuery]

_CONSTRUCTS: dict[type[exp.Expression], str] = {
    exp.Any: "ANY (subquery) here",
    exp.All: "ALL (subquery) here",
    exp.Lambda: "a lambda expression here",
    exp.HexString: "binary literals",
    exp.CurrentUser: "current_user",
}
_PARTS = {"alias": "named windows", "this": "a precision here", "offset": "WITH ORDINALITY"}


class ExpressionBinder:
    """Binds the expressions of one statement; `subquery` binds a query nested in one."""

    def __init__(
        self,
        query: str,
        handlers: Mapping[type[exp.Expression], ExpressionHandler],
        subquery: Callable[[exp.Expression, Scope], BoundQuery],
        dialect: Dialect,
        *,
        parameters: bool = False,
    ) -> None:
        self.query = query
        self.dialect = dialect
        self.subquery = subquery
        self.parameters: dict[str, Parameter] | None = {} if parameters else None
        self.handlers = handlers

    def bind(self, node: exp.Expression, scope: Scope) -> BoundExpression:
        """The SQL and type of an expression; InvalidQueryError when it is wrong or not supported."""
        handler = self.handlers.get(type(node))
        if handler is None:
            raise self.lacks(_CONSTRUCTS.get(type(node), type(node).key.upper()), node)
        return handler(self, node, scope)

    def without_subqueries(self, node: exp.Expression, scope: Scope) -> BoundExpression:
        """An expression bound as by `bind`, one with a subquery refused; of it only parameters are remembered."""

        def refused(query: exp.Expression, _scope: Scope) -> BoundQuery:
            raise self.lacks("subqueries here", query)

        inner = ExpressionBinder(self.query, self.handlers, refused, self.dialect)
        inner.parameters = self.parameters
        return inner.bind(node, scope)

    def each(self, nodes: Sequence[exp.Expression], scope: Scope) -> list[BoundExpression]:
        """Every expression bound."""
        return [self.bind(node, scope) for node in nodes]

    def condition(self, node: exp.Expression, scope: Scope, clause: str) -> str:
        """The SQL of an expression that must be a boolean."""
        bound = coerce(self.bind(node, scope), BOOLEAN)
        if bound is None:
            raise self.refuse(f"{clause} must evaluate to a boolean", node)
        return bound.sql

    def refuse(self, message: str, node: exp.Expression) -> InvalidQueryError:
        """The error for a node, with the place where it starts."""
        return invalid(message, self.query, parser.position(node))

    def lacks(self, what: str, node: exp.Expression) -> NotInEmulatorError:
        """The error for a node that AWS may know and this emulator does not, with the place where it starts."""
        return lacking(what, self.query, parser.position(node))

    def only(self, node: exp.Expression, *allowed: str) -> None:
        """Refuse a node that has a part besides those allowed."""
        for part, value in node.args.items():
            if value and part not in allowed:
                raise self.lacks(_PARTS.get(part, part.strip("_").replace("_", " ").upper()), node)


class QueryBinder:
    """Binds the queries of one statement: the tables they name, the aliases they need, and WITH."""

    def __init__(
        self,
        query: str,
        catalog: Catalog,
        queries: Mapping[type[exp.Expression], QueryHandler],
        expressions: Mapping[type[exp.Expression], ExpressionHandler],
        dialect: Dialect,
        *,
        parameters: bool = False,
    ) -> None:
        self.expressions = ExpressionBinder(
            query, expressions, self._subquery, dialect, parameters=parameters
        )
        self.tables: list[TableInfo | ViewInfo] = []
        self.readings: list[Reading] = []
        self._catalog = catalog
        self._handlers = queries
        self._aliases = count(1)
        self._views: tuple[tuple[str, str], ...] = ()
        self._with: list[dict[str, tuple[str, BoundQuery]]] = []

    def bind(self, node: exp.Expression, outer: Scope | None) -> BoundQuery:
        """Any query expression bound."""
        handler = self._handlers.get(type(node))
        if handler is None:
            raise self.expressions.lacks(f"{type(node).key.upper()} as a query", node)
        clause = node.args.get("with_")
        if clause is None:
            return handler(self, node, outer)
        with_sql = self._bind_with(clause, outer)
        bound = handler(self, node, outer)
        self._with.pop()
        return replace(bound, sql=with_sql + bound.sql)

    def alias(self) -> str:
        """A name for a relation that nothing else in the statement has."""
        return f"r{next(self._aliases)}"

    def table(self, parts: Sequence[str], offset: int | None) -> TableInfo | ViewInfo:
        """The table or view that a name means; the error for one that is not there says where it was named."""
        try:
            found = self._catalog.table(*self.expressions.dialect.table(parts))
        except InvalidQueryError as error:
            raise invalid(error.message, self.expressions.query, offset) from error
        self.tables.append(found)
        return found

    def of_view(self, view: ViewInfo) -> BoundQuery:
        """A view's query bound in its own dialect, as part of this statement."""
        if (view.database, view.name) in self._views:
            raise InvalidQueryError("View is recursive")
        query, dialect = view.query, view.dialect
        inner = QueryBinder(query, self._catalog, self._handlers, self.expressions.handlers, dialect)
        inner.tables, inner.readings, inner._aliases = self.tables, self.readings, self._aliases
        inner._views = (*self._views, (view.database, view.name))
        return inner.bind(parser.parse(query, dialect.grammar), None)

    def with_query(self, wanted: str) -> tuple[str, BoundQuery] | None:
        """The SQL name and columns of a WITH query that is visible here."""
        for level in reversed(self._with):
            if wanted.lower() in level:
                return level[wanted.lower()]
        return None

    def renamed(self, node: exp.Expression, bound: BoundQuery) -> BoundQuery:
        """A query with the column names its alias gives it: AS t(a, b)."""
        alias = node.args.get("alias")
        names = [column.name for column in alias.args.get("columns") or ()] if alias else []
        if not names:
            return bound
        if len(names) != len(bound.columns):
            raise self.expressions.refuse(
                f"Column alias list has {len(names)} entries but the relation has {len(bound.columns)} columns",
                node,
            )
        return BoundQuery(bound.sql, [replace(c, name=n) for c, n in zip(bound.columns, names, strict=True)])

    def _subquery(self, node: exp.Expression, scope: Scope) -> BoundQuery:
        return self.bind(node, replace(scope, pushdown=False))

    def _bind_with(self, node: exp.Expression, outer: Scope | None) -> str:
        """The SQL of WITH; its queries are visible until the caller takes their level away."""
        self.expressions.only(node, "expressions")
        level: dict[str, tuple[str, BoundQuery]] = {}
        self._with.append(level)
        parts = []
        for cte in node.expressions:
            self.expressions.only(cte, "this", "alias")
            if cte.alias.lower() in level:
                raise self.expressions.refuse(f"WITH query name '{cte.alias}' specified more than once", cte)
            bound = self.renamed(cte, self.bind(cte.this, outer))
            alias = self.alias()
            parts.append(f"{alias} AS ({bound.sql})")
            level[cte.alias.lower()] = (alias, bound)
        return f"WITH {', '.join(parts)} "
