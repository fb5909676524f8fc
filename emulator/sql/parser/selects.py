"""SELECT: its items, WHERE, GROUP BY and HAVING."""

from sqlglot import exp

from emulator.sql.errors import lacking
from emulator.sql.parser.relations import RelationReader
from emulator.sql.parser.tokens import Token

_GROUPINGS: dict[str, type[exp.Expression]] = {"ROLLUP": exp.Rollup, "CUBE": exp.Cube}


class SelectReader(RelationReader):
    """Reads a SELECT without what ends its query."""

    def select(self) -> exp.Expression:
        """Read a SELECT."""
        token = self.take()
        select = self.made(exp.Select, token)
        if self.quantifier() == "DISTINCT":
            select.set("distinct", self.made(exp.Distinct, token))
        items = [self._item()]
        while self.key == ",":
            self.take()
            items.append(self._item())
        select.set("expressions", items)
        if self.accept("FROM"):
            self.relations(select)
        if self.key == "WHERE":
            select.set("where", self.made(exp.Where, self.take(), this=self.expression()))
        if self.key == "GROUP":
            select.set("group", self._group())
        if self.key == "HAVING":
            select.set("having", self.made(exp.Having, self.take(), this=self.expression()))
        if self.key == "WINDOW" and self.peek(2) == "AS":
            raise self.lacks("the WINDOW clause")
        return select

    def _item(self) -> exp.Expression:
        token = self.token
        if self.key == "*":
            return self.made(exp.Star, self.take())
        value = self.expression()
        if self.key == "." and self.peek() == "*":
            return self._all_columns(token, value)
        alias = self.alias()
        return value if alias is None else self.made(exp.Alias, token, this=value, alias=alias)

    def _all_columns(self, token: Token, value: exp.Expression) -> exp.Expression:
        if not isinstance(value, exp.Column):
            if isinstance(value, exp.Binary | exp.Unary | exp.Predicate) and not isinstance(
                value, exp.Paren | exp.Dot
            ):
                raise self.mismatch("','")
            raise self.lacks("the fields of a row as columns")
        self.take()
        star = self.made(exp.Star, self.take())
        if self.key == "AS":
            raise self.lacks("names for all columns of a table")
        owner, db = value.this, value.args.get("table")
        return self.made(exp.Column, token, this=star, table=owner, db=db)

    def _group(self) -> exp.Expression:
        token = self.expect("GROUP", "BY")
        quantified = self.token
        distinct = self.quantifier() == "DISTINCT"
        items = [self._grouping()]
        while self.accept(","):
            items.append(self._grouping())
        # Without sets of columns there is nothing that could be there twice.
        if distinct and any(isinstance(item, exp.GroupingSets | exp.Rollup | exp.Cube) for item in items):
            raise lacking("GROUP BY DISTINCT of sets of columns", self.sql, quantified.offset)
        return self.made(exp.Group, token, expressions=items)

    def _grouping(self) -> exp.Expression:
        token = self.token
        kind = _GROUPINGS.get(self.key)
        if kind is not None:
            self.take()
            return self.made(kind, token, expressions=self._grouping_sets(empty=True))
        if self.key == "GROUPING" and self.peek() == "SETS":
            self.take(), self.take()
            return self.made(exp.GroupingSets, token, expressions=self._grouping_sets(empty=False))
        return self._grouping_set()

    def _grouping_sets(self, *, empty: bool) -> list[exp.Expression]:
        self.expect("(")
        if empty and self.accept(")"):
            return []
        items = [self._grouping_set()]
        while self.accept(","):
            items.append(self._grouping_set())
        self.expect(")")
        return items

    def _grouping_set(self) -> exp.Expression:
        token = self.token
        if self.key == "(" and self.peek() == ")" and self.peek(2) != "->":
            self.take(), self.take()
            return self.made(exp.Tuple, token, expressions=[])
        return self.expression()
