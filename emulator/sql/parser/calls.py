"""Function calls: their arguments, and FILTER and OVER behind them."""

from abc import abstractmethod

from sqlglot import exp

from emulator.sql.parser.literals import LiteralReader
from emulator.sql.parser.tokens import NAME, Token

NO_ARGUMENT = (")", ",", ".", "*", "/", "%", "||", "=", "<>", "<", "<=", ">", ">=", "[", "->", "<EOF>",
                "AND", "OR", "IS", "IN", "BETWEEN", "LIKE", "NOT", "FROM", "AS", "WHERE", "ORDER", "GROUP")  # fmt: skip
_BEHIND_STAR = (
    "FROM",
    ",",
    ")",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "<EOF>",
)
_FRAMES = ("RANGE", "ROWS", "GROUPS")


class CallReader(LiteralReader):
    """Reads function calls."""

    @abstractmethod
    def expression(self, left: exp.Expression | None = None) -> exp.Expression:
        """Read an expression."""

    @abstractmethod
    def value(self, left: exp.Expression | None = None, least: int = 1) -> exp.Expression:
        """Read an expression without AND, OR, NOT and predicates."""

    @abstractmethod
    def query(self) -> exp.Expression:
        """Read a query."""

    def call(self, token: Token, name: str) -> exp.Expression:
        """Read a call's arguments and what follows them."""
        self.expect("(")
        arguments: list[exp.Expression] = []
        if self.key == "*":
            arguments = [self.made(exp.Star, self.take())]
        elif self.key not in (")", "ORDER"):
            arguments = self._arguments()
        if self.key == "ORDER" and arguments and not isinstance(arguments[0], exp.Star):
            self.order_arguments(arguments)
        self.expect(")")
        return self.behind(token, self.made(exp.Anonymous, token, this=name, expressions=arguments))

    def _arguments(self) -> list[exp.Expression]:
        if self.token.kind == NAME and self.peek() == "." and self.peek(2) == "*":
            raise self.lacks("calls of all columns of a table")
        quantifier = self.token
        distinct = self.quantifier() == "DISTINCT"
        items = [self.expression()]
        while self.key == ",":
            self.take()
            items.append(self.expression())
        return [self.made(exp.Distinct, quantifier, expressions=items)] if distinct else items

    def quantifier(self) -> str:
        """Read DISTINCT or ALL, if that comes next and is no name."""
        quantified = self.key == "ALL" and (self.peek() not in NO_ARGUMENT or self._star_follows())
        return self.take().key if quantified or self.key == "DISTINCT" else ""

    def _star_follows(self) -> bool:
        """True if a star comes behind the next token and nothing is multiplied."""
        return self.peek() == "*" and self.peek(2) in _BEHIND_STAR

    def order_arguments(self, arguments: list[exp.Expression]) -> None:
        """Put the ORDER BY inside a call behind its last argument."""
        inner = arguments[0].expressions if isinstance(arguments[0], exp.Distinct) else arguments
        token = self.token
        order = self.made(exp.Order, token, expressions=self.sorting())
        order.set("this", inner[-1])
        if inner is arguments:
            arguments[-1] = order
        else:
            arguments[0].set("expressions", [*inner[:-1], order])

    def sorting(self) -> list[exp.Expression]:
        """Read ORDER BY and its items."""
        self.expect("ORDER", "BY")
        items = [self._sort_item()]
        while self.accept(","):
            items.append(self._sort_item())
        return items

    def _sort_item(self) -> exp.Expression:
        token = self.token
        value = self.expression()
        descending = self.take().key == "DESC" if self.key in ("ASC", "DESC") else False
        first = False
        if self.accept("NULLS"):
            if self.key not in ("FIRST", "LAST"):
                raise self.mismatch("'FIRST'", "'LAST'")
            first = self.take().key == "FIRST"
        return self.made(exp.Ordered, token, this=value, desc=descending, nulls_first=first)

    def behind(self, token: Token, found: exp.Expression) -> exp.Expression:
        """A call with its FILTER, its treatment of NULLs, and its window."""
        if self.key == "FILTER" and self.peek() == "(" and self.peek(2) == "WHERE":
            self.take(), self.take()
            where = self.take()
            condition = self.made(exp.Where, where, this=self.expression())
            self.expect(")")
            found = self.made(exp.Filter, token, this=found, expression=condition)
        if self.key in ("IGNORE", "RESPECT") and self.peek() == "NULLS" and self.over_follows(2):
            kind = exp.IgnoreNulls if self.take().key == "IGNORE" else exp.RespectNulls
            self.take()
            found = self.made(kind, token, this=found)
        return self._window(token, found) if self.over_follows(0) else found

    def over_follows(self, distance: int) -> bool:
        """True if the token so far away is OVER with a window behind it, and no name."""
        if self.peek(distance) != "OVER":
            return False
        following = self.tokens[min(self.index + distance + 1, len(self.tokens) - 1)]
        return following.key == "(" or following.kind == NAME

    def _window(self, token: Token, found: exp.Expression) -> exp.Expression:
        self.expect("OVER")
        if self.key != "(":
            return self.made(exp.Window, token, this=found, alias=self.identifier())
        self.take()
        parts: dict[str, object] = {}
        if self._window_name():
            parts["alias"] = self.identifier()
        if self.accept("PARTITION", "BY"):
            keys = [self.expression()]
            while self.accept(","):
                keys.append(self.expression())
            parts["partition_by"] = keys
        if self.key == "ORDER":
            parts["order"] = self.made(exp.Order, self.token, expressions=self.sorting())
        if self.key in _FRAMES:
            parts["spec"] = self._frame()
        self.expect(")")
        return self.made(exp.Window, token, this=found, **parts)

    def _window_name(self) -> bool:
        if self.token.kind != NAME or (self.key == "PARTITION" and self.peek() == "BY"):
            return False
        return self.key not in _FRAMES or self.peek() in (")", "PARTITION", "ORDER", *_FRAMES)

    def _frame(self) -> exp.Expression:
        token = self.take()
        between = self.accept("BETWEEN")
        start, start_side = self._bound()
        if not between:
            return self.made(
                exp.WindowSpec, token, kind=token.key, start=start, start_side=start_side, end=None
            )
        self.expect("AND")
        end, end_side = self._bound()
        return self.made(
            exp.WindowSpec,
            token,
            kind=token.key,
            start=start,
            start_side=start_side,
            end=end,
            end_side=end_side,
        )

    def _bound(self) -> tuple[str | exp.Expression, str]:
        if self.key == "UNBOUNDED" and self.peek() in ("PRECEDING", "FOLLOWING"):
            self.take()
            return "UNBOUNDED", self.take().key
        if self.accept("CURRENT", "ROW"):
            return "CURRENT ROW", ""
        value = self.expression()
        if self.key not in ("PRECEDING", "FOLLOWING"):
            raise self.mismatch("'PRECEDING'", "'FOLLOWING'")
        return value, self.take().key
