"""A statement read token by token; every error says at which token."""

from collections.abc import Sequence
from typing import TypeVar

from sqlglot import exp

from emulator.sql.errors import MalformedQueryError, NotInEmulatorError, lacking, malformed
from emulator.sql.parser.tokens import END_KEY, NAME, QUOTED_KEY, STRING_KEY, Token, tokens
from emulator.sql.parser.words import TRINO_GRAMMAR, Grammar

Node = TypeVar("Node", bound=exp.Expression)


class TokenReader:
    """The place in a statement up to which it is read. `key` is what the grammar knows the next token by.

    A word's key is the word in upper case, a sign's the sign; `tokens` names the others.
    """

    def __init__(self, sql: str, grammar: Grammar = TRINO_GRAMMAR) -> None:
        self.sql = sql
        self.tokens: Sequence[Token] = tokens(sql, grammar)
        self.index = 0
        self.key = self.tokens[0].key

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.index]

    def peek(self, distance: int = 1) -> str:
        """The key of a token behind the next one."""
        return self.tokens[min(self.index + distance, len(self.tokens) - 1)].key

    def take(self) -> Token:
        """Read any token but the end."""
        token = self.tokens[self.index]
        if token.key == END_KEY:
            raise self.mismatch()
        self.index += 1
        self.key = self.tokens[self.index].key
        return token

    def accept(self, *keys: str) -> bool:
        """Read these tokens if they come next, and say so."""
        if self.key != keys[0] or any(self.peek(i) != key for i, key in enumerate(keys) if i):
            return False
        for _ in keys:
            self.take()
        return True

    def expect(self, *keys: str) -> Token:
        """Read these tokens, the last of which is returned."""
        token = self.token
        for key in keys:
            if self.key != key:
                raise self.mismatch(f"'{key}'")
            token = self.take()
        return token

    def named(self) -> bool:
        """True if the next token is a name: quoted, or a word that is not reserved."""
        return self.token.kind == NAME

    def identifier(self) -> exp.Identifier:
        """Read a name."""
        if self.token.kind != NAME:
            raise self.mismatch("<identifier>")
        token = self.take()
        return self.made(exp.Identifier, token, this=token.value, quoted=token.key == QUOTED_KEY)

    def qualified_name(self) -> list[exp.Identifier]:
        """Read a name with what stands before it: a.b.c"""
        names = [self.identifier()]
        while self.accept("."):
            names.append(self.identifier())
        return names

    def string(self) -> str:
        """Read a string."""
        if self.key != STRING_KEY:
            raise self.mismatch("<string>")
        return self.take().value

    def end(self) -> None:
        """Refuse anything that is left."""
        if self.key != END_KEY:
            raise self.mismatch("<EOF>")

    def text(self) -> str:
        """The next token as it was written."""
        token = self.token
        return self.sql[token.offset : token.after] or token.key

    def error(self, message: str) -> MalformedQueryError:
        """The error at the next token."""
        return malformed(message, self.sql, self.token.offset)

    def mismatch(self, *expecting: str) -> MalformedQueryError:
        """The error for a next token that is none of those that could stand there."""
        expected = f". Expecting: {', '.join(expecting)}" if expecting else ""
        return self.error(f"mismatched input '{self.text()}'{expected}")

    def lacks(self, what: str) -> NotInEmulatorError:
        """The error for SQL that starts at the next token and that this emulator does not have."""
        return lacking(what, self.sql, self.token.offset)

    @staticmethod
    def made(kind: type[Node], token: Token, /, **parts: object) -> Node:
        """A node of the tree that knows the token which errors about it point to."""
        node = kind(**parts)
        node.meta["start"] = token.offset
        return node


def position(node: exp.Expression) -> int | None:
    """The offset of the token that errors about a node point to, if it or a part of it came from a parser."""
    start = node.meta.get("start")
    if start is not None:
        return int(start)
    return min((part.meta["start"] for part in node.walk() if "start" in part.meta), default=None)
