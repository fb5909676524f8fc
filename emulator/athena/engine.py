"""Everything from a SQL text to rows: statements over Glue's tables and S3's objects, computed by DuckDB."""

from collections.abc import Callable

import duckdb

from emulator import sql as trino
from emulator.athena import changes, create_table, errors, metadata, statements
from emulator.athena.files import columns_for_hive, write
from emulator.athena.outcome import Outcome, Statement
from emulator.athena.query import prepared
from emulator.athena.session import Session
from emulator.athena.storage import ObjectTables
from emulator.athena.targets import unloaded
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
        if parsed.statement.word not in statements.READING:
            return self._about_names(parsed, session)
        cursor = self._database.cursor()
        stoppable(cursor.interrupt)
        if parsed.statement.word == "SELECT":
            query = prepared(parsed.sql, parsed.stream, session, self._kept, cursor)
            return Outcome(parsed.statement, query.columns(), query.rows(), query.scanned_bytes)
        return self._to_files(parsed, session, cursor)

    def close(self) -> None:
        """Give everything back."""
        self._database.close()

    def _to_files(
        self, parsed: statements.Parsed, session: Session, cursor: duckdb.DuckDBPyConnection
    ) -> Outcome:
        """Run UNLOAD or CREATE TABLE AS."""
        if parsed.statement.word == "UNLOAD":
            name = (session.database, f"unload_{session.query_id}")
            inner, target = unloaded(parsed.sql, parsed.stream)
        else:
            try:
                name, inner, target = create_table.parts(parsed, session)
            except InvalidQueryError as error:
                raise errors.malformed(error) from error
        query = prepared(parsed.sql, inner, session, self._kept, cursor)
        columns = columns_for_hive(query)
        files = write(query, columns, target, session, ".".join(name))
        if parsed.statement.word != "UNLOAD":
            session.glue.put_table(name[0], create_table.table_input(name[1], columns, target), replace=False)
        return Outcome(parsed.statement, scanned_bytes=query.scanned_bytes, unloaded=files)

    def _about_names(self, parsed: statements.Parsed, session: Session) -> Outcome:
        run = {"CREATE_VIEW": changes.create_view, "DROP_VIEW": changes.drop_view}
        try:
            return run.get(parsed.statement.word, metadata.show)(parsed, session)
        except InvalidQueryError as error:
            raise errors.malformed(error) from error
