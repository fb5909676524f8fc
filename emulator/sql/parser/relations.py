"""FROM: tables, subqueries, UNNEST, and joins of them."""

from sqlglot import exp

from emulator.sql.parser.expressions import ExpressionReader
from emulator.sql.parser.primaries import QUERY_WORDS
from emulator.sql.parser.tokens import INTEGER_KEY, NAME, Token

_COUNT = (INTEGER_KEY, "?")
_CLAUSES = {
    "LIMIT": (*_COUNT, "ALL"), "OFFSET": _COUNT, "FETCH": ("FIRST", "NEXT"), "TABLESAMPLE": ("BERNOULLI", "SYSTEM"),
    "MATCH_RECOGNIZE": ("(",),
}  # fmt: skip
"""Words that start a clause before one of these, and are names anywhere else."""
_SIDES = ("LEFT", "RIGHT", "FULL")


class RelationReader(ExpressionReader):
    """Reads what stands in FROM."""

    def limit_follows(self) -> bool:
        """True if LIMIT, OFFSET or FETCH comes next, and is no name."""
        return self.key in ("LIMIT", "OFFSET", "FETCH") and self.peek() in _CLAUSES[self.key]

    def alias(self) -> exp.Identifier | None:
        """Read a name with or without AS before it, if one comes next and starts no clause."""
        if self.accept("AS"):
            return self.identifier()
        if self.token.kind != NAME or self.peek() in _CLAUSES.get(self.key, ()):
            return None
        if self.key == "WINDOW" and self.peek(2) == "AS":
            return None
        return self.identifier()

    def relations(self, select: exp.Select) -> None:
        """Read a list of relations into a SELECT: the first in `from_`, the others in `joins`."""
        token = self.token
        first = self.relation()
        joins = _taken(first)
        select.set("from_", self.made(exp.From, token, this=first))
        while self.key == ",":
            comma = self.take()
            relation = self.relation()
            # A comma binds less than a join, which makes no difference where all joins are cross joins.
            crossed = all(joined.args["kind"] == "CROSS" for joined in relation.args.get("joins") or ())
            more = _taken(relation) if crossed else []
            joins += [self.made(exp.Join, comma, this=relation, kind="CROSS"), *more]
        select.set("joins", joins)

    def relation(self, first: exp.Expression | None = None) -> exp.Expression:
        """Read a relation: its first part, which may have been read already, has the others as `joins`."""
        left = self._aliased() if first is None else first
        joins: list[exp.Expression] = []
        while (joined := self._join()) is not None:
            joins.append(joined)
        if joins:
            left.set("joins", joins)
        return left

    def _join(self) -> exp.Expression | None:
        token = self.token
        if self.accept("CROSS", "JOIN"):
            return self.made(exp.Join, token, this=self._aliased(), kind="CROSS")
        if self.key == "NATURAL":
            raise self.lacks("NATURAL JOIN")
        side, kind = "", ""
        if self.key in _SIDES:
            side = self.take().key
            self.accept("OUTER")
        elif self.accept("INNER"):
            kind = "INNER"
        elif self.key != "JOIN":
            return None
        self.expect("JOIN")
        joined = self.made(exp.Join, token, this=self.relation(), side=side, kind=kind)
        if self.accept("ON"):
            joined.set("on", self.expression())
        elif self.accept("USING"):
            joined.set("using", self._names())
        else:
            raise self.mismatch("'ON'", "'USING'")
        return joined

    def _names(self) -> list[exp.Identifier]:
        """Read names in parentheses."""
        self.expect("(")
        names = [self.identifier()]
        while self.accept(","):
            names.append(self.identifier())
        self.expect(")")
        return names

    def _aliased(self) -> exp.Expression:
        token = self.token
        return self._with_alias(token, self._plain_relation())

    def _with_alias(self, token: Token, found: exp.Expression) -> exp.Expression:
        """A relation with its alias, and without what only larger systems do with one."""
        alias = self.alias()
        if alias is not None:
            columns = self._names() if self.key == "(" else []
            found.set("alias", self.made(exp.TableAlias, token, this=alias, columns=columns))
        if self.key in ("TABLESAMPLE", "MATCH_RECOGNIZE") and self.peek() in _CLAUSES[self.key]:
            raise self.lacks(self.key)
        return found

    def _plain_relation(self) -> exp.Expression:
        if self.key == "(":
            return self._parenthesised()
        if self.key == "UNNEST":
            return self._unnest()
        if self.key == "LATERAL" and self.peek() == "(":
            raise self.lacks("LATERAL")
        if self.key in ("TABLE", "JSON_TABLE") and self.peek() == "(":
            raise self.lacks(f"{self.key} (…)")
        table = self.table()
        if self.key == "FOR":
            raise self.lacks("tables as of an earlier moment")
        return table

    def table(self) -> exp.Table:
        """Read a table's name."""
        token = self.token
        names = self.qualified_name()
        if len(names) > 3:
            raise self.error(f"Too many dots in table name: {'.'.join(name.name for name in names)}")
        parts = dict(zip(("this", "db", "catalog"), reversed(names), strict=False))
        return self.made(exp.Table, token, **parts)

    def _unnest(self) -> exp.Expression:
        token = self.take()
        self.expect("(")
        items = [self.expression()]
        while self.accept(","):
            items.append(self.expression())
        self.expect(")")
        numbered = self.accept("WITH", "ORDINALITY")
        return self.made(exp.Unnest, token, expressions=items, offset=numbered)

    def _parenthesised(self) -> exp.Expression:
        """Read a query in parentheses, or a relation in parentheses."""
        token = self.take()
        if self.key in QUERY_WORDS:
            query = self.query()
            self.expect(")")
            return self.made(exp.Subquery, token, this=query)
        if self.key != "(":
            return self._closed_relation(token, self.relation())
        start = self.token
        inner = self._parenthesised()
        if isinstance(inner, exp.Subquery) and self.query_goes_on(inner.this):
            query = self.query_after(inner)
            self.expect(")")
            return self.made(exp.Subquery, token, this=query)
        return self._closed_relation(token, self.relation(self._with_alias(start, inner)))

    def _closed_relation(self, token: Token, inner: exp.Expression) -> exp.Expression:
        self.expect(")")
        return self.made(exp.Paren, token, this=inner)


def _taken(relation: exp.Expression) -> list[exp.Expression]:
    """The joins of a relation, taken off it."""
    joins = list(relation.args.get("joins") or ())
    relation.set("joins", None)
    return joins
