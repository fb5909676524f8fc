"""Functions with a grammar of their own, such as CAST (x AS type) and POSITION (part IN text)."""

from sqlglot import exp

from emulator.sql.errors import lacking
from emulator.sql.parser.calls import NO_ARGUMENT, CallReader
from emulator.sql.parser.tokens import NAME, Token

_TRIMMED = {"BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}
_FORMS = ("NFD", "NFC", "NFKD", "NFKC")


class FormReader(CallReader):
    """Reads the functions with a grammar of their own; None where the name is that of an ordinary call or column."""

    def cast(self, token: Token) -> exp.Expression | None:
        """Read CAST or TRY_CAST, if that is what comes next."""
        if self.peek() != "(" and token.kind == NAME:
            return None
        self.take()
        self.expect("(")
        value = self.expression()
        self.expect("AS")
        kind = exp.Cast if token.key == "CAST" else exp.TryCast
        found = self.made(kind, token, this=value, to=self.type())
        self.expect(")")
        return found

    def extract(self, token: Token) -> exp.Expression:
        """Read EXTRACT (field FROM value)."""
        self.take()
        self.expect("(")
        field = exp.Var(this=self.identifier().name)
        self.expect("FROM")
        found = self.made(exp.Extract, token, this=field, expression=self.value())
        self.expect(")")
        return found

    def position_in(self, token: Token) -> exp.Expression | None:
        """Read POSITION (part IN text), or the call of a function of that name."""
        if self.peek() != "(" or self.peek(2) in (")", "*", "DISTINCT"):
            return None
        self.take(), self.take()
        first = self.value()
        if not self.accept("IN"):
            return self._rest(token, "position", first)
        found = self.made(exp.StrPosition, token, this=self.value(), substr=first)
        self.expect(")")
        return found

    def substring(self, token: Token) -> exp.Expression | None:
        """Read SUBSTRING (text FROM start FOR length), or the call with commas."""
        if self.peek() != "(" or self.peek(2) in (")", "*", "DISTINCT"):
            return None
        self.take(), self.take()
        items = [self.value()]
        if not self.accept("FROM"):
            return self._rest(token, "substring", items[0])
        items.append(self.value())
        if self.accept("FOR"):
            items.append(self.value())
        self.expect(")")
        return self.made(exp.Anonymous, token, this="substring", expressions=items)

    def trim(self, token: Token) -> exp.Expression | None:
        """Read TRIM (LEADING characters FROM text), or the call with commas."""
        if self.peek() != "(" or (token.kind == NAME and self.peek(2) in (")", "*", "DISTINCT")):
            return None
        self.take(), self.take()
        name = "trim"
        sided = (self.key in _TRIMMED and self.peek() not in (*NO_ARGUMENT, "+", "-")) or (
            self.key in _TRIMMED and self.peek() == "FROM"
        )
        if sided:
            name = _TRIMMED[self.take().key]
        first = None if self.key == "FROM" else self.value()
        if sided or self.key == "FROM":
            self.expect("FROM")
            text = self.value()
            items = [text] if first is None else [text, first]
        else:
            items = [] if first is None else [first]
            if self.accept(","):
                items.append(self.value())
        self.expect(")")
        return self.made(exp.Anonymous, token, this=name, expressions=items)

    def normalize(self, token: Token) -> exp.Expression:
        """Read NORMALIZE (text, form)."""
        self.take()
        self.expect("(")
        items = [self.value()]
        if self.accept(","):
            if self.key not in _FORMS:
                raise self.mismatch(*(f"'{form}'" for form in _FORMS))
            items.append(self.made(exp.Literal, self.token, this=self.take().key, is_string=True))
        self.expect(")")
        return self.made(exp.Anonymous, token, this="normalize", expressions=items)

    def grouping(self, token: Token) -> exp.Expression:
        """Read GROUPING (a, b)."""
        self.take()
        self.expect("(")
        while self.key != ")":
            self.qualified_name()
            if self.key != ")":
                self.expect(",")
        self.expect(")")
        raise lacking("GROUPING (…)", self.sql, token.offset)

    def _rest(self, token: Token, name: str, first: exp.Expression) -> exp.Expression:
        """A call whose first argument was read."""
        items = [self.expression(first)]
        while self.accept(","):
            items.append(self.expression())
        if self.key == "ORDER":
            self.order_arguments(items)
        self.expect(")")
        return self.behind(token, self.made(exp.Anonymous, token, this=name, expressions=items))
