"""Everything from a SQL text to rows: statements over Glue's tables and S3's objects, computed by DuckDB."""

from collections.abc import Callable

import duckdb

from emulator import sql as trino
from emulator.athena import changes, errors, metadata, statements
from emulator.athena.outcome import Outcome, Statement
from emulator.athena.query import prepared
from emulator.athena.session import Session
from emulator.athena.storage import ObjectTables
from emulator.athena.unload import parts, unload
from emulator.sql import InvalidQueryError

Stop = Callable[[], None]


class Engine:
    """Runs statements, many at a time; keeps the objects that were read lately."""

    def __init__(self) -> None:
        self._database = duckdb.connect()
        trino.prepare(self._database)
        self._kept = ObjectTables()

    @staticmethod
    def statement(sql: str) -> Statement:
        """The kind of a statement; QueryError for what StartQueryExecution refuses at once: none, or not known."""
        return statements.parse(sql).statement

    def run(
        self, sql: str, session: Session, *, stoppable: Callable[[Stop], object] = lambda _: None
    ) -> Outcome:
        """A statement's outcome; QueryError if it fails, here or from the rows.

        `stoppable` is given the function that ends the query from another thread, before anything slow begins.
        """
        parsed = statements.parse(sql, session.parameters)
        if parsed.statement.word not in ("SELECT", "UNLOAD"):
            return self._about_names(parsed, session)
        cursor = self._database.cursor()
        stoppable(cursor.interrupt)
        if parsed.statement.word == "SELECT":
            query = prepared(parsed.sql, parsed.stream, session, self._kept, cursor)
            return Outcome(parsed.statement, query.columns(), query.rows(), query.scanned_bytes)
        inner, target = parts(parsed.sql, parsed.stream)
        query = prepared(parsed.sql, inner, session, self._kept, cursor)
        files = unload(query, target, session)
        return Outcome(parsed.statement, scanned_bytes=query.scanned_bytes, unloaded=files)

    def close(self) -> None:
        """Give everything back."""
        self._database.close()

    def _about_names(self, parsed: statements.Parsed, session: Session) -> Outcome:
        run = {"CREATE_VIEW": changes.create_view, "DROP_VIEW": changes.drop_view}
        try:
            return run.get(parsed.statement.word, metadata.show)(parsed, session)
        except InvalidQueryError as error:
            raise errors.malformed(error) from error
