"""The statements there are: what each is called, and what does it; others are refused by name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot.tokenizer_core import Token, TokenType

from emulator.athena.engine import errors
from emulator.athena.engine.dialect import dialect
from emulator.athena.engine.parameters import with_parameters
from emulator.athena.engine.targets import unloaded
from emulator.athena.outcome import Statement
from emulator.athena.session import Session
from emulator.sql import grammar
from emulator.sql.token_reader import TokenReader

_QUERY = Statement("DML", "SELECT")
_STATEMENTS = {
    "UNLOAD": Statement("DML", "UNLOAD"),
    "CREATE TABLE": Statement("DDL", "CREATE_TABLE_AS_SELECT"),
    "CREATE VIEW": Statement("DDL", "CREATE_VIEW"),
    "CREATE OR REPLACE VIEW": Statement("DDL", "CREATE_VIEW"),
    "DROP VIEW": Statement("DDL", "DROP_VIEW"),
    "SHOW TABLES": Statement("UTILITY", "SHOW_TABLES"),
    "SHOW VIEWS": Statement("UTILITY", "SHOW_VIEWS"),
    "SHOW DATABASES": Statement("UTILITY", "SHOW_DATABASES"),
    "SHOW SCHEMAS": Statement("UTILITY", "SHOW_DATABASES"),
    "SHOW COLUMNS": Statement("UTILITY", "SHOW_COLUMNS"),
    "SHOW PARTITIONS": Statement("UTILITY", "SHOW_PARTITIONS"),
    "SHOW CREATE VIEW": Statement("UTILITY", "SHOW_CREATE_VIEW"),
    "DESCRIBE": Statement("UTILITY", "DESCRIBE_TABLE"),
    "DESC": Statement("UTILITY", "DESCRIBE_TABLE"),
}
READING = ("SELECT", "UNLOAD", "CREATE_TABLE_AS_SELECT")
"""The statements that read tables."""
_REFUSED = (
    "ALTER", "ANALYZE", "CALL", "COMMENT", "CREATE", "DEALLOCATE", "DELETE", "DROP", "EXECUTE", "EXPLAIN", "GRANT",
    "INSERT", "LOAD", "MERGE", "MSCK", "OPTIMIZE", "PREPARE", "REFRESH", "REVOKE", "SET", "SHOW", "TRUNCATE", "UPDATE",
    "USE", "VACUUM",
)  # fmt: skip
_BACKQUOTED = re.compile(r"`((?:[^`]|``)+)`")


@dataclass(frozen=True)
class Parsed:
    """A statement: its text as the tokens count in it, and its tokens, with parameters in their places."""

    statement: Statement
    sql: str
    stream: Sequence[Token]


def parse(sql: str, parameters: Sequence[str] | None = None) -> Parsed:
    """A statement by its first words, without parameters its ? left; QueryError for what is none or not supported."""
    with errors.malformed_errors():
        if not _is_query(sql):
            # Hive's grammar, which reads these statements, quotes names so.
            sql = _BACKQUOTED.sub(lambda match: '"' + match[1].replace('"', '""') + '"', sql)
        stream: Sequence[Token] = grammar.tokens(sql)
        statement = _statement(sql, stream)
        if statement.word in READING:
            if parameters is not None:
                sql = with_parameters(sql, stream, parameters)
                stream = grammar.tokens(sql)
            grammar.parse(sql, _query_of(sql, stream, statement))
    return Parsed(statement, sql, stream)


def _query_of(sql: str, stream: Sequence[Token], statement: Statement) -> Sequence[Token]:
    """The tokens of the query in a statement."""
    if statement.word == "UNLOAD":
        return unloaded(sql, stream)[0]
    if statement is _QUERY:
        return stream
    start = next((i for i, token in enumerate(stream) if token.token_type == TokenType.ALIAS), len(stream))
    if start + 1 >= len(stream):
        raise grammar.refuse(
            "CREATE TABLE without AS is not supported by this emulator", sql, stream[0].start
        )
    return stream[start + 1 :]


def _is_query(sql: str) -> bool:
    return re.match(r"\s*(select|with|values|unload|create|\(|--|/\*)", sql, re.IGNORECASE) is not None


def _statement(sql: str, stream: Sequence[Token]) -> Statement:
    if grammar.is_query(stream):
        return _QUERY
    words = [token.text.upper() for token in stream[:4]]
    for count in (4, 3, 2, 1):
        found = _STATEMENTS.get(" ".join(words[:count]))
        if found is not None:
            return found
    if words[0] in _REFUSED:
        what = " ".join(
            words[: 2 if words[0] in ("ALTER", "CREATE", "DROP", "SHOW", "MSCK", "INSERT") else 1]
        )
        raise errors.unsupported(what)
    raise grammar.refuse(f"mismatched input '{stream[0].text}'. Expecting: a statement", sql, stream[0].start)


class Names(TokenReader):
    """A statement about names, read word by word; a name without a database is in the session's."""

    def __init__(self, parsed: Parsed, session: Session) -> None:
        super().__init__(parsed.sql, parsed.stream)
        self._session = session

    def name(self) -> tuple[str, str]:
        """Read a table's name: its database and its own, in lower case."""
        parts = [self.take().text]
        while self.word() == ".":
            self.take()
            parts.append(self.take().text)
        if len(parts) > 3:
            raise self.error(f"Invalid table name {'.'.join(parts)}")
        return dialect(self._session.database).table(parts)

    def database(self, given: str | None = None) -> str:
        """Read IN or FROM and a database, if they are there."""
        if self.word() not in ("IN", "FROM"):
            return (given or self._session.database).lower()
        self.take()
        return self.take().text.lower()

    def pattern(self) -> str | None:
        """Read what names are like, if that is there, and the statement's end."""
        if self.word() == "LIKE":
            self.take()
        pattern = self.string() if self.peek() is not None else None
        self.end()
        return pattern
