"""The DuckDB file of one region: its databases and tables, and the log position that it has reached."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import duckdb

from emulator.timestream import table_storage
from emulator.timestream.resources import DatabaseDescription, TableDescription, restored_table
from emulator.timestream.table import Table

_META = """
CREATE TABLE IF NOT EXISTS databases (name VARCHAR PRIMARY KEY, description VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS tables (number INTEGER PRIMARY KEY, description VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS columns
    (number INTEGER, stored VARCHAR, name VARCHAR, type VARCHAR, role VARCHAR, physical VARCHAR);
CREATE TABLE IF NOT EXISTS measures (number INTEGER, name VARCHAR, kind VARCHAR, dimensions VARCHAR);
CREATE TABLE IF NOT EXISTS progress (segment BIGINT, "offset" BIGINT, counters VARCHAR);
CREATE TABLE IF NOT EXISTS identity (store BLOB NOT NULL);
CREATE SEQUENCE IF NOT EXISTS table_numbers;
"""


class Storage:
    """One `writer` connection, for one thread at a time; any number of readers, each with its own snapshot."""

    def __init__(self, path: Path, memory_limit_mb: int) -> None:
        # The root connection only hands out cursors, so that no statement of one thread meets another's.
        self._root = duckdb.connect(
            str(path), config={"memory_limit": f"{memory_limit_mb}MB", "preserve_insertion_order": True}
        )
        self._root.execute("SET TimeZone = 'UTC'")
        self._root.execute(_META)
        self.writer = self._root.cursor()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection for one reader."""
        return self._root.cursor()

    def close(self) -> None:
        """Give the file back."""
        self.writer.close()
        self._root.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside visible and lasting at once, or not at all."""
        self.writer.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.writer.execute("ROLLBACK")
            raise
        self.writer.execute("COMMIT")

    def identity(self) -> bytes:
        """The 16 bytes by which the store knows its write log from another's."""
        rows = self.writer.execute("SELECT store FROM identity").fetchall()
        if not rows:
            rows = [(os.urandom(16),)]
            self.writer.execute("INSERT INTO identity VALUES (?)", list(rows[0]))
            self.writer.execute(
                "CHECKPOINT"
            )  # so that it stands in the file itself, whatever happens beside it
        return bytes(rows[0][0])

    def progress(self) -> tuple[int, int, dict[str, int]]:
        """The log position up to which everything is in the database, and the counters then."""
        rows = self.writer.execute('SELECT segment, "offset", counters FROM progress').fetchall()
        return (rows[0][0], rows[0][1], json.loads(rows[0][2])) if rows else (0, 0, {})

    def set_progress(self, position: tuple[int, int], counters: Mapping[str, int]) -> None:
        """Remember the log position that the current transaction brings the database to."""
        self.writer.execute("DELETE FROM progress")
        self.writer.execute("INSERT INTO progress VALUES (?, ?, ?)", [*position, json.dumps(counters)])

    def databases(self) -> list[DatabaseDescription]:
        """All databases."""
        found = self.writer.execute("SELECT description FROM databases").fetchall()
        return [DatabaseDescription(**json.loads(row[0])) for row in found]

    def put_database(self, database: DatabaseDescription) -> None:
        """Store a new or changed database."""
        self.writer.execute(
            "INSERT OR REPLACE INTO databases VALUES (?, ?)", [database.name, _dumped(database)]
        )

    def drop_database(self, name: str) -> None:
        """Forget a database."""
        self.writer.execute("DELETE FROM databases WHERE name = ?", [name])

    def tables(self) -> list[Table]:
        """All tables with their columns, measure names and series."""
        found = []
        query = "SELECT number, description FROM tables ORDER BY number"
        for number, description in self.writer.execute(query).fetchall():
            table = Table(number, restored_table(json.loads(description)))
            table_storage.restore(self.writer, table)
            table.publish()
            found.append(table)
        return found

    def create_table(self, description: TableDescription) -> Table:
        """Store a new, empty table."""
        number = self.writer.execute("SELECT nextval('table_numbers')").fetchall()[0][0]
        self.writer.execute("INSERT INTO tables VALUES (?, ?)", [number, _dumped(description)])
        self.writer.execute(
            f"CREATE TABLE t{number} (series INTEGER NOT NULL, version BIGINT NOT NULL, "
            "measure_name VARCHAR NOT NULL, time TIMESTAMP_NS NOT NULL)"
        )
        self.writer.execute(f"CREATE TABLE s{number} (series INTEGER NOT NULL, digest BLOB NOT NULL)")
        table = Table(number, description)
        table_storage.create_view(self.writer, table)
        table.publish()
        return table

    def put_table(self, number: int, description: TableDescription) -> None:
        """Store a changed description."""
        self.writer.execute(
            "UPDATE tables SET description = ? WHERE number = ?", [_dumped(description), number]
        )

    def drop_table(self, table: Table) -> None:
        """Forget a table and its records."""
        self.writer.execute(f"DROP VIEW v{table.number}")
        self.writer.execute(f"DROP TABLE t{table.number}")
        self.writer.execute(f"DROP TABLE s{table.number}")
        for meta in ("tables", "columns", "measures"):
            self.writer.execute(f"DELETE FROM {meta} WHERE number = ?", [table.number])  # noqa: S608 - fixed names


def _dumped(description: DatabaseDescription | TableDescription) -> str:
    return json.dumps(asdict(description))
