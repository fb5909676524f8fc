"""Expressions by Trino's precedence: OR, AND, NOT, one predicate, then ||, + and -, * / %, signs, AT TIME ZONE."""

from sqlglot import exp

from emulator.sql.parser.primaries import PrimaryReader
from emulator.sql.parser.tokens import STRING_KEY, Token

_COMPARISONS: dict[str, type[exp.Expression]] = {
    "=": exp.EQ, "<>": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE,
}  # fmt: skip
_LEVELS = {"||": 1, "+": 2, "-": 2, "*": 3, "/": 3, "%": 3}
_OPERATORS: dict[str, type[exp.Expression]] = {
    "||": exp.DPipe, "+": exp.Add, "-": exp.Sub, "*": exp.Mul, "/": exp.Div, "%": exp.Mod,
}  # fmt: skip
_QUANTIFIERS: dict[str, type[exp.Expression]] = {"ALL": exp.All, "ANY": exp.Any, "SOME": exp.Any}


class ExpressionReader(PrimaryReader):
    """Reads expressions. What is `left` was read already, and an operator may follow it."""

    def expression(self, left: exp.Expression | None = None) -> exp.Expression:
        """Read an expression."""
        either = self._both(left)
        while self.key == "OR":
            token = self.take()
            either = self.made(exp.Or, token, this=either, expression=self._both(None))
        return either

    def _both(self, left: exp.Expression | None) -> exp.Expression:
        both = self._condition(left)
        while self.key == "AND":
            token = self.take()
            both = self.made(exp.And, token, this=both, expression=self._condition(None))
        return both

    def _condition(self, left: exp.Expression | None) -> exp.Expression:
        if left is None and self.key == "NOT":
            token = self.take()
            return self.made(exp.Not, token, this=self._condition(None))
        value = self.value(left)
        token = self.token
        comparison = _COMPARISONS.get(self.key)
        if comparison is not None:
            self.take()
            return self.made(comparison, token, this=value, expression=self._compared())
        if self.key == "IS":
            return self._is(value)
        negated = self.key == "NOT"
        read = _PREDICATES.get(self.peek() if negated else self.key)
        if read is None:
            return value
        if negated:
            self.take()
        found = read(self, value)
        return self.made(exp.Not, token, this=found) if negated else found

    def _compared(self) -> exp.Expression:
        """Read what stands behind a sign of comparison: a value, or ALL (query)."""
        quantifier = _QUANTIFIERS.get(self.key)
        if quantifier is None or self.peek() != "(" or not self.query_within(1):
            return self.value()
        token = self.take()
        self.expect("(")
        query = self.query()
        self.expect(")")
        return self.made(quantifier, token, this=query)

    def _is(self, value: exp.Expression) -> exp.Expression:
        token = self.take()
        negated = self.accept("NOT")
        if self.accept("DISTINCT", "FROM"):
            kind = exp.NullSafeNEQ if not negated else exp.NullSafeEQ
            return self.made(kind, token, this=value, expression=self.value())
        if self.key != "NULL":
            raise self.mismatch("'DISTINCT'", "'NOT'", "'NULL'")
        null = self.made(exp.Is, token, this=value, expression=self.made(exp.Null, self.take()))
        return self.made(exp.Not, token, this=null) if negated else null

    def _between(self, value: exp.Expression) -> exp.Expression:
        token = self.take()
        low = self.value()
        self.expect("AND")
        return self.made(exp.Between, token, this=value, low=low, high=self.value())

    def _in(self, value: exp.Expression) -> exp.Expression:
        token = self.take()
        opening = self.expect("(")
        first, is_query = self.query_or_expression()
        # Trino reads IN ((SELECT 1)) as a list of one value.
        if is_query and not (isinstance(first, exp.Subquery) and first.args.keys() == {"this"}):
            self.expect(")")
            return self.made(exp.In, token, this=value, query=self.made(exp.Subquery, opening, this=first))
        items = [first]
        while self.accept(","):
            items.append(self.expression())
        self.expect(")")
        return self.made(exp.In, token, this=value, expressions=items)

    def _like(self, value: exp.Expression) -> exp.Expression:
        token = self.take()
        like = self.made(exp.Like, token, this=value, expression=self.value())
        if self.key != "ESCAPE":
            return like
        return self.made(exp.Escape, self.take(), this=like, expression=self.value())

    def value(self, left: exp.Expression | None = None, least: int = 1) -> exp.Expression:
        """Read an expression without AND, OR, NOT and predicates."""
        found = self._operand() if left is None else left
        while True:
            level = _LEVELS.get(self.key, 0)
            if level < least:
                return found
            token: Token = self.take()
            right = self.value(None, level + 1)
            found = self.made(_OPERATORS[token.key], token, this=found, expression=right)

    def _operand(self) -> exp.Expression:
        if self.key == "-":
            token = self.take()
            return self.made(exp.Neg, token, this=self._operand())
        if self.key == "+":
            self.take()
            return self._operand()
        return self.zoned(self.primary())

    def zoned(self, value: exp.Expression) -> exp.Expression:
        """A value with the AT TIME ZONE that follows it."""
        while self.key == "AT" and self.peek() == "TIME" and self.peek(2) == "ZONE":
            token = self.take()
            self.take(), self.take()
            zone = self.literal() if self.key in (STRING_KEY, "<unicode>", "INTERVAL") else None
            if zone is None:
                raise self.mismatch("<string>", "<interval>")
            value = self.made(exp.AtTimeZone, token, this=value, zone=zone)
        return value


_PREDICATES = {
    "BETWEEN": ExpressionReader._between,
    "IN": ExpressionReader._in,
    "LIKE": ExpressionReader._like,
}
