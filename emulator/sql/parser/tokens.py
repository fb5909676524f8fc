"""A statement's text as tokens, by the rules of Trino's grammar."""

import re
from dataclasses import dataclass
from functools import lru_cache

from emulator.sql.errors import MalformedQueryError, malformed
from emulator.sql.parser.words import Grammar

MAX_QUERY_BYTES = 262_144

NAME, RESERVED, STRING, NUMBER, OTHER = "name", "reserved", "string", "number", "other"
QUOTED_KEY, STRING_KEY, INTEGER_KEY, END_KEY = "<identifier>", "<string>", "<integer>", "<EOF>"
_NUMBER_KEYS = {"integer": INTEGER_KEY, "decimal": "<decimal>", "double": "<double>"}

_RULES = (
    ("space", r"[ \r\n\t]+|--[^\r\n]*|/\*(?s:.*?)\*/"),
    ("string", r"'[^']*(?:''[^']*)*'"),
    ("unicode", r"[Uu]&'[^']*(?:''[^']*)*'"),
    ("binary", r"[Xx]'[^']*'"),
    ("quoted", r'"[^"]*(?:""[^"]*)*"'),
    ("backquoted", r"`[^`]*(?:``[^`]*)*`"),
    ("double", r"(?:[0-9]+\.[0-9]*|\.[0-9]+)[eE][+-]?[0-9]+|[0-9]+[eE](?:[+-][0-9]+|[0-9]+(?![A-Za-z0-9_]))"),
    ("digits", r"[0-9]+[A-Za-z_][A-Za-z0-9_]*"),
    ("decimal", r"[0-9]+\.[0-9]*|\.[0-9]+"),
    ("integer", r"[0-9]+"),
    ("word", r"[A-Za-z_][A-Za-z0-9_]*"),
    ("sign", r"<>|!=|<=|>=|\|\||->|::|/(?!\*)|[-()\[\],.=<>+*%?;]"),
)
_UNCLOSED = {"'": "string", '"': "identifier", "`": "identifier", "/*": "comment"}


@dataclass(slots=True, frozen=True)
class Token:
    """A token: what it is, what the grammar knows it by, what it stands for; the offsets of it and of what follows."""

    kind: str
    key: str
    value: str
    offset: int
    after: int


def tokens(query: str, grammar: Grammar) -> list[Token]:
    """The tokens of one statement, a semicolon at its end dropped; InvalidQueryError where it cannot be read."""
    _check(query)
    found: list[Token] = []
    position, match = 0, _pattern(grammar).match
    while position < len(query):
        rule = match(query, position)
        if rule is None:
            raise _unreadable(query, position)
        kind, end = str(rule.lastgroup), rule.end()
        if kind != "space":
            found.append(_token(kind, rule[0], query, position, end, grammar))
        position = end
    if found and found[-1].key == ";":
        found.pop()
    for token in found:
        if token.key == ";":
            raise malformed("mismatched input ';'. Only one statement is allowed.", query, token.offset)
    if not found:
        raise _empty(query)
    found.append(Token(OTHER, END_KEY, "", len(query), len(query)))
    return found


def first_word(query: str) -> str:
    """The word that a statement starts with, in upper case; nothing if it starts with anything else."""
    match = _FIRST_WORD.match(query)
    return match[1].upper() if match else ""


_FIRST_WORD = re.compile(r"(?:[ \r\n\t]|--[^\r\n]*|/\*(?s:.*?)\*/)*+([A-Za-z_]+)")


def _check(query: str) -> None:
    if not query.strip():
        raise _empty(query)
    if len(query.encode("utf-8", "replace")) > MAX_QUERY_BYTES:
        raise malformed(f"The query is longer than {MAX_QUERY_BYTES} bytes.", query, 0)
    unreadable = _NOT_ALLOWED.search(query)
    if unreadable is not None:
        raise malformed("The query has a character that is not allowed.", query, unreadable.start())


_NOT_ALLOWED = re.compile("[\0\ud800-\udfff]")


@lru_cache(maxsize=8)
def _pattern(grammar: Grammar) -> re.Pattern[str]:
    rules = list(_RULES)
    if grammar.units:
        units = "|".join(sorted(grammar.units, key=len, reverse=True))
        rules.insert(1, ("duration", rf"[0-9]+(?:\.[0-9]+)?(?i:{units})(?![A-Za-z0-9_])"))
    if grammar.parameters:
        rules.insert(1, ("parameter", r"@[A-Za-z_][A-Za-z0-9_]*"))
    if grammar.typed:
        names = "|".join(
            rf'(?:{name}|"{name}")[ \r\n\t]*::[ \r\n\t]*(?:{"|".join(kinds)})(?![A-Za-z0-9_])'
            for name, kinds in grammar.typed.items()
        )
        rules.insert(1, ("typed", rf"(?i:{names})"))
    return re.compile("|".join(f"(?P<{name}>{rule})" for name, rule in rules))


def _token(kind: str, text: str, query: str, offset: int, after: int, grammar: Grammar) -> Token:
    if kind == "word":
        key = text.upper()
        return Token(RESERVED if key in grammar.reserved else NAME, key, text, offset, after)
    if kind == "sign":
        return Token(OTHER, "<>" if text == "!=" else text, text, offset, after)
    if kind == "string":
        return Token(STRING, STRING_KEY, text[1:-1].replace("''", "'"), offset, after)
    if kind in _NUMBER_KEYS:
        return Token(NUMBER, _NUMBER_KEYS[kind], text, offset, after)
    if kind == "quoted":
        if len(text) == 2:
            raise malformed("Zero-length delimited identifier not allowed", query, offset)
        return Token(NAME, QUOTED_KEY, text[1:-1].replace('""', '"'), offset, after)
    if kind == "typed":
        return Token(NAME, QUOTED_KEY, re.sub(r'[ \r\n\t"]', "", text).lower(), offset, after)
    if kind == "backquoted":
        raise malformed(
            "backquoted identifiers are not supported; use double quotes to quote identifiers", query, offset
        )
    if kind == "digits":
        raise malformed(
            f"mismatched input '{text}': identifiers must not start with a digit;"
            " surround the identifier with double quotes",
            query,
            offset,
        )
    return Token(OTHER, f"<{kind}>", text, offset, after)


def _empty(query: str) -> MalformedQueryError:
    return malformed("mismatched input '<EOF>': the query is empty.", query, len(query))


def _unreadable(query: str, position: int) -> MalformedQueryError:
    for opening, what in _UNCLOSED.items():
        if query.startswith(opening, position):
            return malformed(f"mismatched input '{opening}': the {what} is not closed", query, position)
    return malformed(f"mismatched input '{query[position]}'", query, position)
