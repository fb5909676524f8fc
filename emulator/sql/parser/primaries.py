"""Primary expressions: what operators stand between."""

from abc import abstractmethod

from sqlglot import exp

from emulator.sql.parser.forms import FormReader
from emulator.sql.parser.tokens import NAME, Token

QUERY_WORDS = ("SELECT", "WITH", "VALUES", "TABLE")
"""The words that a query starts with, if not with a parenthesis."""
_SETS = ("UNION", "EXCEPT", "INTERSECT")
_SESSION = ("CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_PATH")
_JSON = ("JSON_EXISTS", "JSON_VALUE", "JSON_QUERY", "JSON_OBJECT", "JSON_ARRAY", "LISTAGG")


class PrimaryReader(FormReader):
    """Reads primary expressions."""

    @abstractmethod
    def zoned(self, value: exp.Expression) -> exp.Expression:
        """A value with the AT TIME ZONE that follows it."""

    @abstractmethod
    def query_after(self, first: exp.Expression) -> exp.Expression:
        """Read the rest of a query whose first part, in parentheses, was read already."""

    def primary(self) -> exp.Expression:
        """Read a primary expression with all that is behind it."""
        literal = self.literal()
        return self.postfix(self._plain() if literal is None else literal)

    def postfix(self, found: exp.Expression) -> exp.Expression:
        """A primary expression with the subscripts and fields that follow it."""
        while True:
            if self.key == "[":
                token = self.take()
                index = self.value()
                self.expect("]")
                found = self.made(exp.Bracket, token, this=found, expressions=[index])
            elif self.key == "." and self.peek() != "*":
                self.take()
                token = self.token
                found = self.made(exp.Dot, token, this=found, expression=self.identifier())
            else:
                return found

    def _plain(self) -> exp.Expression:
        token = self.token
        read = _FORMS.get(self.key)
        found = read(self, token) if read is not None else None
        if found is not None:
            return found
        if token.kind == NAME:
            return self._named(token)
        raise self.mismatch("<expression>")

    def _named(self, token: Token) -> exp.Expression:
        """Read a column, a function call, or a lambda of one parameter."""
        if self.peek() == "->":
            return self._lambda(token, [self.identifier()])
        names = [self.identifier()]
        while self.key == "." and self.peek() != "*":
            self.take()
            names.append(self.identifier())
        if self.key == "(":
            return self.call(token, ".".join(name.name for name in names))
        if self.over_follows(0):
            raise self.lacks("measures of row patterns")
        qualifiers = ("table", "db", "catalog")
        column, *before = reversed(names[:4])
        parts = dict(zip(qualifiers, before, strict=False))
        found: exp.Expression = self.made(exp.Column, token, this=column, **parts)
        for name in names[4:]:
            found = self.made(exp.Dot, token, this=found, expression=name)
        return found

    def _lambda(self, token: Token, parameters: list[exp.Identifier]) -> exp.Expression:
        self.expect("->")
        return self.made(exp.Lambda, token, this=self.expression(), expressions=parameters)

    def _parenthesis(self, token: Token) -> exp.Expression:
        parameters = self._lambda_parameters()
        if parameters is not None:
            return self._lambda(token, parameters)
        self.take()
        first, is_query = self.query_or_expression()
        return self._closed(token, first, is_query=is_query)

    def _closed(self, token: Token, first: exp.Expression, *, is_query: bool) -> exp.Expression:
        """A parenthesised expression whose first part was read: a subquery, a row, or just the expression."""
        if is_query:
            self.expect(")")
            return self.made(exp.Subquery, token, this=first)
        if self.key != ",":
            self.expect(")")
            return self.made(exp.Paren, token, this=first)
        items = [first]
        while self.accept(","):
            items.append(self.expression())
        self.expect(")")
        return self.made(exp.Tuple, token, expressions=items)

    def _lambda_parameters(self) -> list[exp.Identifier] | None:
        """Read (a, b) before an arrow, if that comes next."""
        at = self.index + 1
        while self.tokens[at].kind == NAME and self.tokens[at + 1].key == ",":
            at += 2
        at += self.tokens[at].kind == NAME
        if self.tokens[at].key != ")" or self.tokens[at + 1].key != "->":
            return None
        self.expect("(")
        found = []
        while self.key != ")":
            found.append(self.identifier())
            self.accept(",")
        self.expect(")")
        return found

    def query_within(self, distance: int = 0) -> bool:
        """True if the parentheses that open at the token so far away have a query's first word behind them."""
        at = self.index + distance
        while self.tokens[at].key == "(":
            at += 1
        return self.tokens[at].key in QUERY_WORDS

    def query_or_expression(self) -> tuple[exp.Expression, bool]:
        """Read what stands behind a parenthesis: a query, with True, or an expression."""
        if self.key in QUERY_WORDS:
            return self.query(), True
        if self.key != "(" or not self.query_within():
            return self.expression(), False
        token = self.take()
        inner, is_query = self.query_or_expression()
        closed = self._closed(token, inner, is_query=is_query)
        if is_query and self.query_goes_on(inner):
            return self.query_after(closed), True
        return self.expression(self.zoned(self.postfix(closed))), False

    def query_goes_on(self, query: exp.Expression) -> bool:
        """True if what follows a query in parentheses belongs to a query around it, which none with WITH has."""
        if query.args.get("with_"):
            return self.key == ")"
        return self.key in (")", "ORDER", *_SETS) or self.limit_follows()

    @abstractmethod
    def limit_follows(self) -> bool:
        """True if LIMIT, OFFSET or FETCH comes next, and is no name."""

    def _case(self, token: Token) -> exp.Expression:
        self.take()
        operand = self.expression() if self.key != "WHEN" else None
        branches: list[exp.Expression] = []
        while self.key == "WHEN" or not branches:
            start = self.expect("WHEN")
            condition = self.expression()
            self.expect("THEN")
            branches.append(self.made(exp.If, start, this=condition, true=self.expression()))
        default = self.expression() if self.accept("ELSE") else None
        self.expect("END")
        return self.made(exp.Case, token, this=operand, ifs=branches, default=default)

    def _exists(self, token: Token) -> exp.Expression:
        self.expect("EXISTS", "(")
        query = self.query()
        self.expect(")")
        return self.made(exp.Exists, token, this=query)

    def _array_value(self, token: Token) -> exp.Expression | None:
        if self.peek() != "[":
            return None
        self.take(), self.take()
        items = [] if self.key == "]" else [self.expression()]
        while self.key == ",":
            self.take()
            items.append(self.expression())
        self.expect("]")
        return self.made(exp.Array, token, expressions=items)

    def _row_value(self, token: Token) -> exp.Expression | None:
        if self.peek() != "(" or self.peek(2) == ")":
            return None
        self.take(), self.take()
        items = [self.expression()]
        while self.accept(","):
            items.append(self.expression())
        self.expect(")")
        return self.made(exp.Tuple, token, expressions=items)

    def _unsupported(self, token: Token) -> exp.Expression | None:
        if token.kind == NAME or (token.key in _JSON and self.peek() != "("):
            return None
        raise self.lacks(token.key)

    def _user(self, token: Token) -> exp.Expression:
        self.take()
        return self.made(exp.CurrentUser, token)


_FORMS = {
    "(": PrimaryReader._parenthesis,
    "CASE": PrimaryReader._case,
    "EXISTS": PrimaryReader._exists,
    "ARRAY": PrimaryReader._array_value,
    "ROW": PrimaryReader._row_value,
    "CAST": FormReader.cast,
    "TRY_CAST": FormReader.cast,
    "EXTRACT": FormReader.extract,
    "POSITION": FormReader.position_in,
    "SUBSTRING": FormReader.substring,
    "TRIM": FormReader.trim,
    "NORMALIZE": FormReader.normalize,
    "GROUPING": FormReader.grouping,
    "CURRENT_USER": PrimaryReader._user,
    **dict.fromkeys((*_SESSION, *_JSON), PrimaryReader._unsupported),
}
