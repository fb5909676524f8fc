"""Queries: WITH, set operations, VALUES, and what ends a query."""

from sqlglot import exp

from emulator.sql.errors import invalid
from emulator.sql.parser.selects import SelectReader
from emulator.sql.parser.tokens import INTEGER_KEY
from emulator.sql.parser.words import TRINO_GRAMMAR, Grammar


class Parser(SelectReader):
    """Reads queries, and the statements around them word by word."""

    def query(self) -> exp.Expression:
        """Read a query."""
        if self.key != "WITH":
            return self._without_with()
        token = self.take()
        if self.key == "RECURSIVE":
            raise self.lacks("WITH RECURSIVE")
        named = [self._named_query()]
        while self.accept(","):
            named.append(self._named_query())
        query = self._without_with()
        query.set("with_", self.made(exp.With, token, expressions=named))
        return query

    def parenthesised_query(self) -> exp.Expression:
        """Read a query in parentheses."""
        self.expect("(")
        query = self.query()
        self.expect(")")
        return query

    def query_after(self, first: exp.Expression) -> exp.Expression:
        """Read the rest of a query whose first part, in parentheses, was read already."""
        return self._tail(self._united(self._intersected(first)))

    def _named_query(self) -> exp.Expression:
        token = self.token
        name = self.identifier()
        columns = self._names() if self.key == "(" else []
        self.expect("AS")
        self.expect("(")
        query = self.query()
        self.expect(")")
        alias = self.made(exp.TableAlias, token, this=name, columns=columns)
        return self.made(exp.CTE, token, this=query, alias=alias)

    def _without_with(self) -> exp.Expression:
        return self._tail(self._united(self._intersected(self._query_primary())))

    def _united(self, left: exp.Expression) -> exp.Expression:
        while self.key in ("UNION", "EXCEPT"):
            token = self.take()
            kind = exp.Union if token.key == "UNION" else exp.Except
            distinct = self._set_quantifier()
            right = self._intersected(self._query_primary())
            left = self.made(kind, token, this=left, expression=right, distinct=distinct)
        return left

    def _intersected(self, left: exp.Expression) -> exp.Expression:
        while self.key == "INTERSECT":
            token = self.take()
            distinct = self._set_quantifier()
            right = self._query_primary()
            left = self.made(exp.Intersect, token, this=left, expression=right, distinct=distinct)
        return left

    def _set_quantifier(self) -> bool:
        if self.accept("ALL"):
            return False
        self.accept("DISTINCT")
        return True

    def _query_primary(self) -> exp.Expression:
        token = self.token
        if self.key == "SELECT":
            return self.select()
        if self.key == "VALUES":
            self.take()
            rows = [self.expression()]
            while self.accept(","):
                rows.append(self.expression())
            return self.made(exp.Values, token, expressions=rows)
        if self.key == "TABLE":
            self.take()
            table = self.made(exp.From, token, this=self.table())
            return self.made(exp.Select, token, expressions=[self.made(exp.Star, token)], from_=table)
        if self.key != "(":
            raise self.mismatch("'('", "'SELECT'", "'TABLE'", "'VALUES'")
        self.take()
        if self.key == "WITH":
            raise self.mismatch("'('", "'SELECT'", "'TABLE'", "'VALUES'")
        query = self._without_with()
        self.expect(")")
        return self.made(exp.Subquery, token, this=query)

    def _tail(self, query: exp.Expression) -> exp.Expression:
        """A query with its ORDER BY, OFFSET, and LIMIT."""
        if self.key == "ORDER":
            token = self.token
            query.set("order", self.made(exp.Order, token, expressions=self.sorting()))
        if self.key == "OFFSET" and self.limit_follows():
            query.set("offset", self.made(exp.Offset, self.take(), expression=self._count()))
            if self.key in ("ROW", "ROWS"):
                self.take()
        if self.key == "LIMIT":
            token = self.take()
            count = self.made(exp.Var, self.take(), this="ALL") if self.key == "ALL" else self._count()
            query.set("limit", self.made(exp.Limit, token, expression=count))
        elif self.key == "FETCH" and self.limit_follows():
            query.set("limit", self._fetch())
        return query

    def _fetch(self) -> exp.Expression:
        token = self.take()
        self.take()
        one = self.made(exp.Literal, token, this="1", is_string=False)
        count = one if self.key in ("ROW", "ROWS") else self._count()
        if self.key not in ("ROW", "ROWS"):
            raise self.mismatch("'ROW'", "'ROWS'")
        self.take()
        if self.key == "WITH":
            raise self.lacks("FETCH FIRST … WITH TIES")
        self.expect("ONLY")
        return self.made(exp.Limit, token, expression=count)

    def _count(self) -> exp.Expression:
        if self.key not in (INTEGER_KEY, "?"):
            raise self.mismatch("'?'", "<integer>")
        found = self.literal()
        if found is None:
            raise self.mismatch("<integer>")
        return found


def parse(query: str, grammar: Grammar = TRINO_GRAMMAR) -> exp.Expression:
    """The tree of one query; InvalidQueryError, with line and column, for text that is none."""
    return complete(Parser(query, grammar))


def complete(parser: Parser) -> exp.Expression:
    """The tree of the query that is all that is left of a statement; InvalidQueryError as in `parse`."""
    try:
        query = parser.query()
    except RecursionError as error:
        raise invalid("The query is nested too deeply.") from error
    parser.end()
    return query
