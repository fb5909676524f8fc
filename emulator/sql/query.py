"""SELECT, set operations, WITH, VALUES and FROM: queries to DuckDB SQL, with the names and types of their columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from emulator.sql import grammar
from emulator.sql.catalog import Catalog, TableInfo
from emulator.sql.expression import Expressions
from emulator.sql.relations import Relations
from emulator.sql.scope import Ambiguous, Field, Scope, qualifies
from emulator.sql.typed import Typed, coerce, select, select_all
from emulator.sql.types import Type, common
from emulator.timestream.errors import ValidationException


@dataclass(frozen=True)
class Output:
    """A column that a query returns; in its SQL it is called c0, c1, …"""

    name: str | None
    type: Type
    origin: tuple[str, str] | None = None
    aliased: bool = False
    value: Typed | None = None


@dataclass(frozen=True)
class Bound:
    """A query's DuckDB SQL and its columns."""

    sql: str
    columns: Sequence[Output]

    def types(self) -> list[Type]:
        """The columns' types."""
        return [column.type for column in self.columns]


class Queries:
    """Binds the queries of one statement."""

    def __init__(self, query: str, catalog: Catalog, *, parameters: bool = False) -> None:
        self.catalog = catalog
        self.expressions = Expressions(query, self, parameters=parameters)
        self.relations = Relations(self)
        self.tables: list[TableInfo] = []
        self._aliases = 0
        self._common: list[dict[str, tuple[str, Bound]]] = []

    def alias(self) -> str:
        """A name for a relation that nothing else in the statement has."""
        self._aliases += 1
        return f"r{self._aliases}"

    def known(self, database: str, table: str, at: int | None) -> TableInfo:
        """A table of the catalog; the error for one that is not there says where it was named."""
        try:
            return self.catalog.table(database, table)
        except ValidationException as error:
            raise grammar.refuse(error.message, self.expressions.query, at) from error

    def common(self, wanted: str) -> tuple[str, Bound] | None:
        """The SQL name and columns of a WITH query that is visible here."""
        for level in reversed(self._common):
            if wanted.lower() in level:
                return level[wanted.lower()]
        return None

    def subquery(self, node: exp.Expression, scope: Scope) -> tuple[str, list[Type]]:
        """A nested query's SQL and the types of its columns."""
        bound = self.bind(node, replace(scope, pushdown=False))
        return bound.sql, bound.types()

    def bind(self, node: exp.Expression, outer: Scope | None) -> Bound:
        """Return any query expression bound."""
        if isinstance(node, exp.Subquery) and not node.args.get("alias"):
            return self._wrapped(node, outer)
        with_sql = self._with(node.args.get("with_"), outer)
        try:
            if isinstance(node, exp.Select):
                bound = self._select(node, outer)
            elif isinstance(node, exp.SetOperation):
                bound = self._set_operation(node, outer)
            elif isinstance(node, exp.Values):
                bound = self.relations.values(node, outer)
            else:
                raise self.expressions.refuse(f"{type(node).key.upper()} is not supported", node)
        finally:
            if with_sql is not None:
                self._common.pop()
        return replace(bound, sql=f"{with_sql or ''}{bound.sql}")

    def _wrapped(self, node: exp.Subquery, outer: Scope | None) -> Bound:
        self.expressions.only(node, "this", "with_", "order", "limit", "offset")
        with_sql = self._with(node.args.get("with_"), outer)
        inner = self.bind(node.this, outer)
        if with_sql is not None:
            self._common.pop()
        tail = self._tail(node, inner.columns, Scope(parent=outer))
        if not tail and with_sql is None:
            return inner
        everything = select_all(f"({inner.sql}) AS {self.alias()}")
        return Bound(f"{with_sql or ''}{everything}{tail}", inner.columns)

    def _with(self, node: exp.Expression | None, outer: Scope | None) -> str | None:
        if node is None:
            return None
        self.expressions.only(node, "expressions")
        level: dict[str, tuple[str, Bound]] = {}
        self._common.append(level)
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

    def renamed(self, node: exp.Expression, bound: Bound) -> Bound:
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
        return Bound(bound.sql, [replace(c, name=n) for c, n in zip(bound.columns, names, strict=True)])

    def _select(self, node: exp.Select, outer: Scope | None) -> Bound:
        self.expressions.only(
            node, "with_", "kind", "expressions", "distinct", "from_", "joins", "where", "group", "having",
            "windows", "order", "limit", "offset", "laterals",
        )  # fmt: skip
        if node.args.get("kind") or node.args.get("windows") or node.args.get("laterals"):
            raise self.expressions.refuse("WINDOW, LATERAL VIEW and SELECT AS are not supported", node)
        from_sql, scope = self.relations.source(node, outer)
        where = node.args.get("where")
        where_sql = ""
        if where is not None:
            filtering = replace(scope, pushdown=True)
            where_sql = f" WHERE {self.expressions.condition(where.this, filtering, 'WHERE clause')}"
        columns = self._columns(node, scope)
        group_sql = self._group(node.args.get("group"), columns, scope)
        having = node.args.get("having")
        if having is not None:
            group_sql += f" HAVING {self.expressions.condition(having.this, scope, 'HAVING clause')}"
        distinct = self._distinct(node)
        selected = ", ".join(
            f"{column.value.sql} AS c{i}" for i, column in enumerate(columns) if column.value
        )
        tail = self._tail(node, columns, scope, distinct=bool(distinct))
        return Bound(f"SELECT {distinct}{selected}{from_sql}{where_sql}{group_sql}{tail}", columns)

    def _distinct(self, node: exp.Select) -> str:
        distinct = node.args.get("distinct")
        if distinct is None:
            return ""
        self.expressions.only(distinct)
        return "DISTINCT "

    def _columns(self, node: exp.Select, scope: Scope) -> list[Output]:
        columns: list[Output] = []
        for item in node.expressions:
            if isinstance(item, exp.Star) or (
                isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
            ):
                columns.extend(self._star(item, scope))
            else:
                columns.append(self._column(item, scope))
        if not columns:
            raise self.expressions.refuse("SELECT has no columns", node)
        return columns

    def _star(self, item: exp.Expression, scope: Scope) -> list[Output]:
        star = item if isinstance(item, exp.Star) else item.this
        self.expressions.only(star)
        table = [part.name for part in (item.args.get("db"), item.args.get("table")) if part is not None]
        fields = [f for f in scope.fields if not (f.hidden and not table) and qualifies(f.table, table)]
        if not fields:
            message = (
                f"Table '{'.'.join(table)}' not found"
                if table
                else "SELECT * not allowed in queries without FROM"
            )
            raise self.expressions.refuse(message, item)
        return [Output(f.name, f.value.type, f.origin, value=f.value) for f in fields]

    def _column(self, item: exp.Expression, scope: Scope) -> Output:
        alias, inner = None, item
        if isinstance(item, exp.Alias):
            alias, inner = item.alias, item.this
        value = self.expressions.bind(inner, scope)
        origin = None
        label = alias
        if isinstance(inner, exp.Column):
            field = self._field(inner, scope)
            origin = field.origin if field else None
            label = alias or inner.name
        return Output(label, value.type, origin, aliased=alias is not None, value=value)

    def _field(self, column: exp.Column, scope: Scope) -> Field | None:
        parts = [part.name for part in (column.args.get("db"), column.args.get("table"), column.this) if part]
        try:
            return scope.find(parts, quoted=bool(column.this.args.get("quoted")))
        except Ambiguous:
            return None

    def _group(self, group: exp.Expression | None, columns: Sequence[Output], scope: Scope) -> str:
        if group is None:
            return ""
        self.expressions.only(group, "expressions")
        return f" GROUP BY {', '.join(self._grouping(item, columns, scope) for item in group.expressions)}"

    def _grouping(self, item: exp.Expression, columns: Sequence[Output], scope: Scope) -> str:
        if isinstance(item, exp.Tuple) and not item.expressions:
            return "()"
        if isinstance(item, exp.GroupingSets | exp.Rollup | exp.Cube):
            self.expressions.only(item, "expressions")
            word = {exp.GroupingSets: "GROUPING SETS", exp.Rollup: "ROLLUP", exp.Cube: "CUBE"}[type(item)]
            return f"{word} ({', '.join(self._grouping(part, columns, scope) for part in item.expressions)})"
        if isinstance(item, exp.Tuple):
            return f"({', '.join(self._grouping(part, columns, scope) for part in item.expressions)})"
        if isinstance(item, exp.Paren):
            return self._grouping(item.this, columns, scope)
        position = self._ordinal(item, columns, "GROUP BY")
        if position is not None:
            return str(position + 1)
        return self.expressions.bind(item, scope).sql

    def _ordinal(self, item: exp.Expression, columns: Sequence[Output], clause: str) -> int | None:
        if not isinstance(item, exp.Literal) or item.is_string:
            return None
        if not item.name.isdigit() or not 1 <= int(item.name) <= len(columns):
            raise self.expressions.refuse(f"{clause} position {item.name} is not in select list", item)
        return int(item.name) - 1

    def _tail(
        self, node: exp.Expression, columns: Sequence[Output], scope: Scope, *, distinct: bool = False
    ) -> str:
        order = node.args.get("order")
        keys = (
            [self._sort_key(item, columns, scope, distinct=distinct) for item in order.expressions]
            if order
            else []
        )
        sql = f" ORDER BY {', '.join(keys)}" if keys else ""
        return (
            sql
            + self._limit(node.args.get("limit"), "LIMIT")
            + self._limit(node.args.get("offset"), "OFFSET")
        )

    def _sort_key(
        self, item: exp.Expression, columns: Sequence[Output], scope: Scope, *, distinct: bool
    ) -> str:
        self.expressions.only(item, "this", "desc", "nulls_first")
        direction = " DESC" if item.args.get("desc") else " ASC"
        nulls = " NULLS FIRST" if item.args.get("nulls_first") else " NULLS LAST"
        return self._sort_value(item.this, columns, scope, distinct=distinct) + direction + nulls

    def _sort_value(
        self, item: exp.Expression, columns: Sequence[Output], scope: Scope, *, distinct: bool
    ) -> str:
        position = self._ordinal(item, columns, "ORDER BY")
        if position is not None:
            return str(position + 1)
        fields = [
            Field(c.name, c.value or Typed(f"c{i}", c.type))
            for i, c in enumerate(columns)
            if c.name is not None
        ]
        if isinstance(item, exp.Column) and not item.args.get("table"):
            same = [
                i for i, f in enumerate(columns) if f.name is not None and f.name.lower() == item.name.lower()
            ]
            if len({_identity(i, columns[i]) for i in same}) > 1:
                raise self.expressions.refuse(f"Column '{item.name}' is ambiguous", item)
            if same:
                return str(same[0] + 1)
        sql = self.expressions.bind(item, Scope(fields, parent=scope)).sql
        offered = [
            i for i, column in enumerate(columns) if column.value is not None and column.value.sql == sql
        ]
        if offered:
            return str(offered[0] + 1)
        if distinct:
            raise self.expressions.refuse(
                "For SELECT DISTINCT, ORDER BY expressions must appear in select list", item
            )
        return f"({sql})"

    def _limit(self, node: exp.Expression | None, word: str) -> str:
        if node is None:
            return ""
        if isinstance(node, exp.Fetch):
            raise self.expressions.refuse("FETCH FIRST is not supported; use LIMIT", node)
        self.expressions.only(node, "expression")
        count = node.expression
        if isinstance(count, exp.Var) and count.name.upper() == "ALL" and word == "LIMIT":
            return ""
        if not isinstance(count, exp.Literal) or count.is_string or not count.name.isdigit():
            raise self.expressions.refuse(f"{word} must be a whole number", node)
        return f" {word} {count.name}"

    def _set_operation(self, node: exp.SetOperation, outer: Scope | None) -> Bound:
        self.expressions.only(node, "with_", "this", "expression", "distinct", "order", "limit", "offset")
        word = type(node).key.upper()
        left, right = self.bind(node.this, outer), self.bind(node.expression, outer)
        if len(left.columns) != len(right.columns):
            raise self.expressions.refuse(f"{word} query has different number of fields", node)
        kinds = [common(a, b) for a, b in zip(left.types(), right.types(), strict=True)]
        if any(kind is None for kind in kinds):
            raise self.expressions.refuse(f"column types in {word} query are incompatible", node)
        types = [kind for kind in kinds if kind is not None]
        columns = [Output(c.name, kind) for c, kind in zip(left.columns, types, strict=True)]
        every = "" if node.args.get("distinct") else " ALL"
        combined = f"{self._as_types(left, types)} {word}{every} {self._as_types(right, types)}"
        tail = self._tail(node, columns, Scope(parent=outer))
        return Bound(select_all(f"({combined}) AS {self.alias()}") + tail, columns)

    def _as_types(self, bound: Bound, types: Sequence[Type]) -> str:
        parts = []
        for i, (column, kind) in enumerate(zip(bound.columns, types, strict=True)):
            converted = coerce(Typed(f"c{i}", column.type), kind)
            parts.append(f"{converted.sql if converted else 'NULL'} AS c{i}")
        return f"({select(parts, f'({bound.sql}) AS {self.alias()}')})"


def _identity(index: int, column: Output) -> str:
    """Two columns of one name are no problem where they are the same expression."""
    return column.value.sql if column.value is not None else str(index)
