"""What stands after FROM: tables, subqueries, VALUES, UNNEST and joins of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from emulator.sql import types
from emulator.sql.catalog import TableInfo
from emulator.sql.grammar import position
from emulator.sql.scope import Field, Scope
from emulator.sql.typed import Typed, name, select, unify
from emulator.sql.types import Type

if TYPE_CHECKING:
    from emulator.sql.query import Bound, Queries

_SIDES = {"": "INNER JOIN", "LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN"}


class Relations:
    """Binds the FROM clauses of one statement."""

    def __init__(self, queries: "Queries") -> None:
        self.queries = queries

    def source(self, node: exp.Select, outer: Scope | None) -> tuple[str, Scope]:
        """The SQL of a SELECT's FROM clause, and the scope of what it offers."""
        first = node.args.get("from_")
        if first is None:
            return "", Scope(parent=outer)
        sql, fields = self._relation(first.this, Scope(parent=outer))
        for joined in first.this.args.get("joins") or ():
            sql, fields = self._join(sql, fields, joined, outer)
        for joined in node.args.get("joins") or ():
            sql, fields = self._join(sql, fields, joined, outer)
        return f" FROM {sql}", Scope(fields, parent=outer)

    def values(self, node: exp.Values, outer: Scope | None) -> "Bound":
        """Return VALUES as a query."""
        from emulator.sql.query import Bound, Output  # noqa: PLC0415 - the two modules bind each other

        expressions = self.queries.expressions
        rows = [expressions.each(_cells(row), Scope(parent=outer)) for row in node.expressions]
        if len({len(row) for row in rows}) != 1:
            raise expressions.refuse("Values rows have different number of columns", node)
        columns = [unify(cells) for cells in zip(*rows, strict=True)]
        unified = [column for column in columns if column is not None]
        if len(unified) != len(columns):
            raise expressions.refuse("Values rows have mismatched types", node)
        lines = [f"({', '.join(column[i].sql for column in unified)})" for i in range(len(rows))]
        alias = self.queries.alias()
        names = ", ".join(f"c{i}" for i in range(len(unified)))
        outputs = [Output(None, column[0].type) for column in unified]
        return Bound(select([names], f"(VALUES {', '.join(lines)}) AS {alias}({names})"), outputs)

    def _relation(self, node: exp.Expression, scope: Scope) -> tuple[str, list[Field]]:
        if isinstance(node, exp.Table):
            return self._table(node)
        if isinstance(node, exp.Unnest):
            return self._unnest(node, scope)
        if isinstance(node, exp.Paren):
            return self._relation(node.this, scope)
        if isinstance(node, exp.Subquery | exp.Values):
            return self._derived(node, scope)
        raise self._refuse(f"{type(node).key.upper()} is not supported in FROM", node)

    def _refuse(self, message: str, node: exp.Expression) -> Exception:
        return self.queries.expressions.refuse(message, node)

    def _table(self, node: exp.Table) -> tuple[str, list[Field]]:
        self.queries.expressions.only(node, "this", "db", "alias", "joins")
        if not isinstance(node.this, exp.Identifier):
            raise self._refuse("Table functions are not supported", node)
        database, table = node.args.get("db"), node.this.name
        if database is None:
            found = self.queries.common(table)
            if found is None:
                raise self._refuse(f'Table \'{table}\' does not exist: name it as "database"."table"', node)
            bound = self.queries.renamed(node, found[1])
            return self._named(found[0], bound, node.alias or table)
        info = self._known(node, database.name, table)
        columns = node.args["alias"].args.get("columns") if node.args.get("alias") else None
        if columns and len(columns) != len(info.columns):
            raise self._refuse(f"Column alias list has {len(columns)} entries, not {len(info.columns)}", node)
        self.queries.tables.append(info)
        alias = self.queries.alias()
        qualifier = (node.alias,) if node.alias else (database.name, table)
        fields = []
        for i, column in enumerate(info.columns):
            sql = f"{alias}.{name(column.physical)}"
            kind = Type(column.type)
            value = Typed(sql, kind)
            if column.type == "TIMESTAMP":
                of_record = column.role == "TIMESTAMP"
                value = Typed(f"epoch_ns({sql})", types.TIMESTAMP, stored=sql, since_1970=of_record)
            label = columns[i].name if columns else column.name
            fields.append(Field(label, _canonical(value), qualifier, (info.database, info.name)))
        return f"{info.relation} AS {alias}", fields

    def _known(self, node: exp.Table, database: str, table: str) -> TableInfo:
        return self.queries.known(database, table, position(node))

    def _derived(self, node: exp.Expression, scope: Scope) -> tuple[str, list[Field]]:
        alias_node = node.args.get("alias")
        inner = node.copy()
        inner.set("alias", None)
        if isinstance(node, exp.Subquery):
            self.queries.expressions.only(node, "this", "alias", "with_", "order", "limit", "offset", "joins")
            if isinstance(node.this, exp.Table):
                return self._parenthesized(node, scope)
        bound = self.queries.renamed(node, self.queries.bind(inner, scope.parent))
        return self._named(f"({bound.sql})", bound, alias_node.name if alias_node else "")

    def _parenthesized(self, node: exp.Expression, scope: Scope) -> tuple[str, list[Field]]:
        if node.args.get("alias"):
            raise self._refuse("A parenthesized join takes no alias", node)
        sql, fields = self._relation(node.this, scope)
        for joined in node.this.args.get("joins") or ():
            sql, fields = self._join(sql, fields, joined, scope.parent)
        return f"({sql})", fields

    def _named(self, sql: str, bound: "Bound", label: str) -> tuple[str, list[Field]]:
        alias = self.queries.alias()
        qualifier = (label,) if label else ()
        fields = [
            Field(c.name, Typed(f"{alias}.c{i}", c.type, nan=True), qualifier, c.origin)
            for i, c in enumerate(bound.columns)
        ]
        return f"{sql} AS {alias}", fields

    def _unnest(self, node: exp.Unnest, scope: Scope) -> tuple[str, list[Field]]:
        expressions = self.queries.expressions
        expressions.only(node, "expressions", "alias")
        if len(node.expressions) != 1:
            raise self._refuse("UNNEST takes one array or time series here", node)
        value = expressions.bind(node.expressions[0], scope)
        alias = self.queries.alias()
        element = f"{alias}.c0"
        alias_node = node.args.get("alias")
        label = (alias_node.name,) if alias_node else ()
        labels: list[str | None] = (
            [c.name for c in alias_node.args.get("columns") or ()] if alias_node else []
        )
        if value.type.name == "TIMESERIES":
            cells = [Typed(f"{element}.f0", types.TIMESTAMP), Typed(f"{element}.f1", value.type.of[0])]
        elif value.type.name == "ARRAY" and value.type.of[0].name == "ROW":
            cells = [Typed(f"{element}.f{i}", of, nan=True) for i, of in enumerate(value.type.of[0].of)]
        elif value.type.name == "ARRAY":
            cells = [Typed(element, value.type.of[0], nan=True)]
        else:
            raise self._refuse(f"Cannot unnest type: {value.type}", node)
        if labels and len(labels) != len(cells):
            raise self._refuse(f"Column alias list has {len(labels)} entries, not {len(cells)}", node)
        named = labels or [None] * len(cells)
        fields = [Field(n, cell, label) for n, cell in zip(named, cells, strict=True)]
        return f"(SELECT unnest({value.sql}) AS c0) AS {alias}", fields

    def _join(
        self, sql: str, fields: list[Field], node: exp.Expression, outer: Scope | None
    ) -> tuple[str, list[Field]]:
        self.queries.expressions.only(node, "this", "side", "kind", "on", "using")
        kind, side = str(node.args.get("kind") or "").upper(), str(node.args.get("side") or "").upper()
        right_sql, right = self._relation(node.this, Scope(fields, parent=outer))
        nested = node.this.args.get("joins") or () if isinstance(node.this, exp.Table) else ()
        for joined in nested:
            right_sql, right = self._join(right_sql, right, joined, outer)
        on, using = node.args.get("on"), node.args.get("using")
        if kind == "CROSS" or (not kind and not side and on is None and not using):
            lateral = "LATERAL " if isinstance(node.this, exp.Unnest) else ""
            return f"{sql} CROSS JOIN {lateral}{right_sql}", [*fields, *right]
        if side not in _SIDES or kind not in ("", "INNER", "OUTER") or isinstance(node.this, exp.Unnest):
            raise self._refuse(f"{side} {kind} JOIN is not supported here".strip(), node)
        if using:
            condition, merged = self._using(node, fields, right, side)
            return f"{sql} {_SIDES[side]} {right_sql} ON {condition}", merged
        if on is None:
            raise self._refuse("JOIN needs ON or USING", node)
        scope = Scope([*fields, *right], parent=outer, pushdown=True)
        condition = self.queries.expressions.condition(on, scope, "JOIN ON clause")
        return f"{sql} {_SIDES[side]} {right_sql} ON {condition}", [*fields, *right]

    def _using(
        self, node: exp.Expression, left: Sequence[Field], right: Sequence[Field], side: str
    ) -> tuple[str, list[Field]]:
        conditions, merged, shown = [], [], set()
        for identifier in node.args["using"]:
            pair = [
                [f for f in fs if f.name and f.name.lower() == identifier.name.lower()]
                for fs in (left, right)
            ]
            if [len(found) for found in pair] != [1, 1]:
                raise self._refuse(f"Column '{identifier.name}' is missing or ambiguous in JOIN USING", node)
            first, second = pair[0][0], pair[1][0]
            both = unify([first.value, second.value])
            if both is None:
                raise self._refuse(f"Column '{identifier.name}' has two types in JOIN USING", node)
            conditions.append(f"{both[0].sql} = {both[1].sql}")
            value = both[1] if side == "RIGHT" else both[0]
            if side == "FULL":
                value = Typed(f"coalesce({both[0].sql}, {both[1].sql})", both[0].type)
            merged.append(Field(first.name, replace(value, stored=None)))
            shown |= {id(first), id(second)}
        kept = [replace(f, hidden=True) if id(f) in shown else f for f in (*left, *right)]
        return " AND ".join(conditions), [*merged, *kept]


def _cells(row: exp.Expression) -> list[exp.Expression]:
    return list(row.expressions) if isinstance(row, exp.Tuple) else [row]


_BY_NAME = {
    kind.name: kind for kind in (types.BIGINT, types.DOUBLE, types.VARCHAR, types.BOOLEAN, types.TIMESTAMP)
}


def _canonical(value: Typed) -> Typed:
    return replace(value, type=_BY_NAME[value.type.name])
