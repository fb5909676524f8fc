"""The engine: it runs statements, of which each kind is done in a module of its own."""

from collections.abc import Callable

import duckdb

from emulator import sql as trino
from emulator.athena.engine import changes, create_table, errors, metadata, statements
from emulator.athena.engine.files import columns_for_hive, write
from emulator.athena.engine.query import prepared
from emulator.athena.engine.run import Run, stopper
from emulator.athena.engine.storage import ObjectTables
from emulator.athena.engine.targets import unloaded
from emulator.athena.outcome import Outcome, Statement
from emulator.athena.session import Session

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
            return _about_names(parsed, session)
        run = Run(session, self._kept, self._database.cursor())
        stoppable(stopper(run))
        if parsed.statement.word == "SELECT":
            query = prepared(parsed.sql, parsed.queried(), run)
            return Outcome(parsed.statement, query.columns(), query.rows(), query.scanned_bytes)
        return _to_files(parsed, run)

    def close(self) -> None:
        """Give everything back."""
        self._database.close()
        # At the interpreter's end DuckDB writes a line for each of its objects that somebody still has.
        del self._database


def _to_files(parsed: statements.Parsed, run: Run) -> Outcome:
    """The outcome of UNLOAD or CREATE TABLE AS."""
    session = run.session
    if parsed.statement.word == "UNLOAD":
        name = (session.database, f"unload_{session.query_id}")
        target = unloaded(parsed.sql)[1]
    else:
        with errors.malformed_errors():
            name, target = create_table.parts(parsed, session)
    query = prepared(parsed.sql, parsed.queried(), run)
    columns = columns_for_hive(query)
    files = write(query, columns, target, session, ".".join(name))
    if parsed.statement.word != "UNLOAD":
        session.glue.put_table(name[0], create_table.table_input(name[1], columns, target), replace=False)
    return Outcome(parsed.statement, scanned_bytes=query.scanned_bytes, unloaded=files)


def _about_names(parsed: statements.Parsed, session: Session) -> Outcome:
    run = {"CREATE_VIEW": changes.create_view, "DROP_VIEW": changes.drop_view}
    with errors.malformed_errors():
        return run.get(parsed.statement.word, metadata.show)(parsed, session)
