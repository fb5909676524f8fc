"""Text to syntax tree: Trino's grammar as sqlglot knows it, narrowed.

The parser knows no function at all, so that every call stays a name and its arguments; what a name means is
decided in one place, against the list of functions whose meaning is known.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from emulator.sql.errors import InvalidQueryError

MAX_QUERY_BYTES = 262_144
_MAX_DEPTH = 400
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_KEPT = ("CAST", "TRY_CAST", "EXTRACT", "POSITION")
_OTHER_TYPE_NAMES = {
    "BOOL", "INT4", "INT32", "INT64", "LONG", "FLOAT8", "VARCHAR2", "CHAR VARYING", "CHARACTER VARYING",
}  # fmt: skip
_AFTER_A_LIST = (None, TokenType.FROM, TokenType.WHERE, TokenType.R_PAREN, TokenType.R_BRACKET)
_BEFORE_A_VALUE = (TokenType.SELECT, TokenType.COMMA, TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.EQ)
_QUERY_WORDS = ("SELECT", "WITH", "VALUES", "(")


class NarrowTrino(Trino):
    """Trino's dialect without its functions, its rewrites of them, and its non-standard comments."""

    INDEX_OFFSET = 0  # a subscript stays as it was written

    class Tokenizer(Trino.Tokenizer):
        """Only SQL's own comments, and no statement taken whole."""

        COMMENTS: ClassVar[list[Any]] = ["--", ("/*", "*/")]
        COMMANDS: ClassVar[set[TokenType]] = set()
        KEYWORDS: ClassVar[dict[str, TokenType]] = {
            word: kind for word, kind in Trino.Tokenizer.KEYWORDS.items() if word not in _OTHER_TYPE_NAMES
        }

    class Parser(TrinoParser):
        """Every function call is anonymous, except those with a grammar of their own."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {k: TrinoParser.FUNCTION_PARSERS[k] for k in _KEPT}
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            "CASE": TrinoParser.NO_PAREN_FUNCTION_PARSERS["CASE"]
        }


_DIALECT = NarrowTrino()


def refuse(message: str, query: str = "", offset: int | None = None) -> InvalidQueryError:
    """The error for a statement that is wrong, or right but not supported, at an offset into the query."""
    if offset is None:
        return InvalidQueryError(message)
    before = query[:offset]
    line, column = before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
    return InvalidQueryError(f"line {line}:{column}: {message}")


def tokens(query: str) -> list[Token]:
    """The query's tokens, a closing semicolon dropped; InvalidQueryError when it is too long or unreadable."""
    if not query.strip():
        raise refuse("The query is empty.")
    if len(query.encode("utf-8", "replace")) > MAX_QUERY_BYTES:
        raise refuse(f"The query is longer than {MAX_QUERY_BYTES} bytes.")
    unreadable = next((i for i, c in enumerate(query) if c == "\0" or 0xD800 <= ord(c) <= 0xDFFF), None)
    if unreadable is not None:
        raise refuse("The query has a character that is not allowed.", query, unreadable)
    try:
        found = list(_DIALECT.tokenize(query))
    except TokenError as error:
        raise refuse(
            "mismatched input: a string, identifier or comment is not closed", query, len(query)
        ) from error
    while found and found[-1].token_type == TokenType.SEMICOLON:
        found.pop()
    for token in found:
        if token.token_type == TokenType.SEMICOLON:
            raise refuse("mismatched input ';'. Only one statement is allowed.", query, token.start)
    if not found:
        raise refuse("The query is empty.")
    _check_gaps(found, query)
    _check_order(found, query)
    return found


def parse(query: str, stream: Sequence[Token]) -> exp.Expression:
    """The tree of one query expression; InvalidQueryError with line and column when it is none."""
    _check_literals(stream, query)
    parser = NarrowTrino.Parser(dialect=_DIALECT)
    try:
        parsed = parser.parse(list(stream), query)
    except ParseError as error:
        raise _syntax_error(error, query) from error
    except RecursionError as error:
        raise refuse("The query is nested too deeply.") from error
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Expression):
        raise refuse("mismatched input. Expecting: one query", query, 0)
    return parsed[0]


def is_query(stream: Sequence[Token]) -> bool:
    """True if a statement is a query by its first word."""
    return stream[0].text.upper() in _QUERY_WORDS


def position(node: exp.Expression) -> int | None:
    """The offset of a node's first token, if the parser kept one."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts, default=None)


def _syntax_error(error: ParseError, query: str) -> InvalidQueryError:
    first = error.errors[0] if error.errors else {}
    highlight = str(first.get("highlight") or "")
    lines = query.split("\n")
    line = min(max(int(first.get("line") or 1), 1), len(lines))
    column = max(int(first.get("col") or 1) - max(len(highlight), 1) + 1, 1)
    what = f"mismatched input '{highlight}'" if highlight else "mismatched input '<EOF>'"
    return InvalidQueryError(f"line {line}:{column}: {what}. The query syntax is invalid.")


def _check_gaps(found: Sequence[Token], query: str) -> None:
    """Refuse what the tokenizer left out besides space and SQL's comments: it skips template comments too."""
    ends = [0, *(token.end + 1 for token in found)]
    starts = [*(token.start for token in found), len(query)]
    for end, start in zip(ends, starts, strict=True):
        left = _COMMENT.sub("", query[end:start]).strip().strip(";")
        if left.strip():
            raise refuse(f"mismatched input '{left[:20]}'. The query syntax is invalid.", query, end)


def _check_order(found: Sequence[Token], query: str) -> None:
    """Refuse what sqlglot reads and Trino does not: other dialects' spellings; and nesting without end."""
    depth = 0
    previous = TokenType.L_PAREN
    for token, following in zip(found, [*found[1:], None], strict=True):
        if token.text in ("==", "<=>", "{") and token.token_type not in (
            TokenType.STRING,
            TokenType.IDENTIFIER,
        ):
            raise refuse(f"mismatched input '{token.text}'. The query syntax is invalid.", query, token.start)
        _check_pair(previous, token, following, query)
        if token.token_type in (TokenType.L_PAREN, TokenType.L_BRACKET):
            depth += 1
        elif token.token_type in (TokenType.R_PAREN, TokenType.R_BRACKET):
            depth -= 1
        elif token.token_type == TokenType.FROM and previous == TokenType.L_PAREN:
            raise refuse("mismatched input 'FROM'. The query syntax is invalid.", query, token.start)
        if depth > _MAX_DEPTH:
            raise refuse("The query is nested too deeply.", query, token.start)
        previous = token.token_type


def _check_pair(previous: TokenType, token: Token, following: Token | None, query: str) -> None:
    """Refuse a list that ends in a comma, `LIMIT 1, 2`, `[1]` without ARRAY, and an interval of no quoted number."""
    kind, after = token.token_type, following.token_type if following else None
    wrong = (
        (kind == TokenType.COMMA and after in _AFTER_A_LIST)
        or (previous == TokenType.LIMIT and after == TokenType.COMMA)
        or (kind in _BEFORE_A_VALUE and after == TokenType.L_BRACKET)
        or (kind == TokenType.INTERVAL and after == TokenType.NUMBER)
        or (
            kind == TokenType.INTERVAL
            and following is not None
            and after == TokenType.STRING
            and not re.fullmatch(r"[+-]?[0-9]+", following.text.strip())
        )
    )
    if wrong:
        spelled = following.text if following else "<EOF>"
        at = following.start if following else len(query)
        raise refuse(f"mismatched input '{spelled}'. The query syntax is invalid.", query, at)


def _check_literals(stream: Sequence[Token], query: str) -> None:
    """Refuse `1_000`, `30s` and `x::double`, unless a dialect made something of them before."""
    for token, following in pairwise(stream):
        text = query[following.start : following.end + 1]
        joined = token.token_type == TokenType.NUMBER and following.start == token.end + 1
        if joined and (text[:1].isalnum() or text[:1] in "_\"'"):
            raise refuse(
                f"mismatched input '{token.text}{text}'. The query syntax is invalid.", query, token.start
            )
        if token.token_type == TokenType.DCOLON:
            raise refuse("mismatched input '::'. The query syntax is invalid.", query, token.start)
