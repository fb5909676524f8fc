"""The statements there are: what each is called, and what does it; others are refused by name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from emulator.athena.engine import errors
from emulator.athena.engine.dialect import dialect
from emulator.athena.engine.parameters import with_parameters
from emulator.athena.engine.targets import read_properties, unloaded
from emulator.athena.outcome import Statement
from emulator.athena.session import Session
from emulator.sql import parser
from emulator.sql.parser import QUERY_WORDS, Parser, TokenReader, complete
from emulator.sql.parser.tokens import STRING_KEY

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
    """A statement: its text, with parameters in their places, and the query in it if it reads tables."""

    statement: Statement
    sql: str
    query: exp.Expression | None

    def queried(self) -> exp.Expression:
        """The query of a statement that reads tables."""
        if self.query is None:
            raise TypeError(f"{self.statement.word} reads no tables")
        return self.query


def parse(sql: str, parameters: Sequence[str] | None = None) -> Parsed:
    """A statement by its first words, without parameters its ? left; QueryError for what is none or not supported."""
    with errors.malformed_errors():
        if not _is_query(sql):
            # Hive's grammar, which reads these statements, quotes names so.
            sql = _BACKQUOTED.sub(lambda match: '"' + match[1].replace('"', '""') + '"', sql)
        statement = _statement(TokenReader(sql))
        if statement.word not in READING:
            return Parsed(statement, sql, None)
        if parameters is not None:
            sql = with_parameters(sql, parameters)
        return Parsed(statement, sql, _query_of(sql, statement))


def _query_of(sql: str, statement: Statement) -> exp.Expression:
    """The query in a statement."""
    if statement.word == "UNLOAD":
        return unloaded(sql)[0]
    if statement is _QUERY:
        return parser.parse(sql)
    reader = Parser(sql)
    reader.expect("CREATE", "TABLE")
    if reader.key == "IF":
        raise reader.lacks("CREATE TABLE IF NOT EXISTS")
    reader.qualified_name()
    if reader.key == "WITH":
        read_properties(reader)
    if not reader.accept("AS"):
        raise reader.lacks("CREATE TABLE without AS")
    return complete(reader)


def _is_query(sql: str) -> bool:
    return re.match(r"\s*(select|with|values|unload|create|\(|--|/\*)", sql, re.IGNORECASE) is not None


def _statement(reader: TokenReader) -> Statement:
    if reader.key in (*QUERY_WORDS, "("):
        return _QUERY
    words = [token.key for token in reader.tokens[:-1][:4]]
    for count in (4, 3, 2, 1):
        found = _STATEMENTS.get(" ".join(words[:count]))
        if found is not None:
            return found
    if words[0] in _REFUSED:
        what = " ".join(
            words[: 2 if words[0] in ("ALTER", "CREATE", "DROP", "SHOW", "MSCK", "INSERT") else 1]
        )
        raise errors.unsupported(what)
    raise reader.mismatch()


class Names(Parser):
    """A statement about names, read word by word; a name without a database is in the session's."""

    def __init__(self, parsed: Parsed, session: Session) -> None:
        super().__init__(parsed.sql)
        self._session = session

    def name(self) -> tuple[str, str]:
        """Read a table's name: its database and its own, in lower case."""
        parts = [name.name for name in self.qualified_name()]
        if len(parts) > 3:
            raise self.error(f"Invalid table name {'.'.join(parts)}")
        return dialect(self._session.database).table(parts)

    def database(self, given: str | None = None) -> str:
        """Read IN or FROM and a database, if they are there."""
        if not self.accept("IN") and not self.accept("FROM"):
            return (given or self._session.database).lower()
        return self.identifier().name.lower()

    def pattern(self) -> str | None:
        """Read what names are like, if that is there, and the statement's end."""
        pattern = self.string() if self.accept("LIKE") or self.key == STRING_KEY else None
        self.end()
        return pattern
