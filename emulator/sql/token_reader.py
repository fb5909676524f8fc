"""A statement read token by token, where its grammar is none of a query's."""

from collections.abc import Sequence

from sqlglot.tokenizer_core import Token, TokenType

from emulator.sql import grammar
from emulator.sql.errors import InvalidQueryError


class TokenReader:
    """The place in a statement up to which it is read; every error says where that is."""

    def __init__(self, query: str, stream: Sequence[Token]) -> None:
        self.query = query
        self.stream = stream
        self.index = 0

    def peek(self) -> Token | None:
        """The next token, if any."""
        return self.stream[self.index] if self.index < len(self.stream) else None

    def word(self) -> str:
        """The next token in upper case; nothing at the end."""
        token = self.peek()
        return token.text.upper() if token else ""

    def error(self, message: str) -> InvalidQueryError:
        """The error at the next token."""
        token = self.peek()
        return grammar.refuse(message, self.query, token.start if token else len(self.query))

    def take(self) -> Token:
        """Read any token."""
        token = self.peek()
        if token is None:
            raise self.error("mismatched input '<EOF>'. The query syntax is invalid.")
        self.index += 1
        return token

    def expect(self, text: str) -> None:
        """Read this word or sign."""
        if self.word() != text:
            raise self.error(f"mismatched input. Expecting: '{text}'")
        self.index += 1

    def string(self) -> str:
        """Read a string."""
        token = self.peek()
        if token is None or token.token_type != TokenType.STRING:
            raise self.error("mismatched input. Expecting: a string")
        return self.take().text

    def parenthesised(self) -> Sequence[Token]:
        """Read what stands in parentheses: its tokens, without them."""
        self.expect("(")
        first, depth = self.index, 1
        while depth:
            kind = self.take().token_type
            depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)
        return self.stream[first : self.index - 1]

    def end(self) -> None:
        """Refuse anything that is left."""
        token = self.peek()
        if token is not None:
            raise self.error(f"mismatched input '{token.text}'. The query syntax is invalid.")
