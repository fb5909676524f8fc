"""A query translated, the objects that it needs read, and its rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from emulator.athena.engine import column_types
from emulator.athena.engine.catalog import SessionCatalog
from emulator.athena.engine.dialect import dialect
from emulator.athena.engine.errors import athena_errors
from emulator.athena.engine.relations import Reader
from emulator.athena.engine.run import Run
from emulator.athena.engine.values import rows, text_of
from emulator.athena.outcome import ResultColumn
from emulator.athena.session import Session
from emulator.sql import Translation
from emulator.sql.bound import select
from emulator.sql.execution import duckdb_errors
from emulator.sql.timestamps import at
from emulator.sql.translation import translate_part


@dataclass(frozen=True)
class Prepared:
    """A query whose objects are read, ready to be run once."""

    run: Run
    translation: Translation
    scanned_bytes: int

    def columns(self) -> list[ResultColumn]:
        """The result's columns."""
        named = zip(self.translation.names(), self.translation.columns, strict=True)
        return [ResultColumn(name, column_types.of_result(column.type)) for name, column in named]

    def rows(self) -> Iterator[Sequence[str | None]]:
        """The texts of the rows; QueryError here, not before."""
        cells = [text_of(f"q.c{i}", column.type) for i, column in enumerate(self.translation.columns)]
        sql = at(select(cells, f"({self.translation.sql}) AS q"), self.run.session.now_ns)
        with self.run.cursor as cursor, athena_errors():
            with duckdb_errors():
                cursor.execute(sql)
            yield from rows(cursor)


def bound(sql: str, query: exp.Expression, session: Session) -> tuple[Translation, SessionCatalog]:
    """The query in a statement's text bound, and the tables that it names; QueryError if it is wrong."""
    catalog = SessionCatalog(session.glue, with_path='"$path"' in sql.lower())
    with athena_errors():
        translation = translate_part(catalog, sql, query, dialect(session.database, session.catalog))
    return translation, catalog


def prepared(sql: str, query: exp.Expression, run: Run) -> Prepared:
    """The query in a statement's text, with its objects read; QueryError if it is wrong or they are."""
    translation, catalog = bound(sql, query, run.session)
    reader = Reader(run)
    tables = [catalog.read_as(reading.table) for reading in translation.readings]
    with athena_errors():
        reader.register(translation.readings, tables)
    return Prepared(run, translation, reader.scanned_bytes)
