"""The DuckDB file of one region: its databases and tables, and the log position that it has reached."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from emulator.timestream import table_storage
from emulator.timestream.resources import DatabaseDescription, TableDescription, load_database, load_table
from emulator.timestream.table import Key, Stored, Table

_META = """
CREATE TABLE IF NOT EXISTS databases (name VARCHAR PRIMARY KEY, description VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS tables (number INTEGER PRIMARY KEY, description VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS columns
    (number INTEGER, stored VARCHAR, name VARCHAR, type VARCHAR, role VARCHAR, physical VARCHAR);
CREATE TABLE IF NOT EXISTS measures (number INTEGER, name VARCHAR, kind VARCHAR, dimensions VARCHAR);
CREATE TABLE IF NOT EXISTS progress (segment BIGINT, "offset" BIGINT, counters VARCHAR);
CREATE SEQUENCE IF NOT EXISTS table_numbers;
"""


class Storage:
    """One writer at a time; any number of readers through `cursor`, each with its own snapshot."""

    def __init__(self, path: Path, memory_limit_mb: int) -> None:
        # The root connection only hands out cursors, so that no statement of one thread meets another's.
        self._root = duckdb.connect(
            str(path), config={"memory_limit": f"{memory_limit_mb}MB", "preserve_insertion_order": True}
        )
        self._root.execute("SET TimeZone = 'UTC'")
        self._root.execute(_META)
        self._write = self._root.cursor()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection for one reader."""
        return self._root.cursor()

    def close(self) -> None:
        """Give the file back."""
        self._write.close()
        self._root.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside visible and lasting at once, or not at all."""
        self._write.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._write.execute("ROLLBACK")
            raise
        self._write.execute("COMMIT")

    def progress(self) -> tuple[int, int, dict[str, int]]:
        """The log position up to which everything is in the database, and the counters then."""
        rows = self._write.execute('SELECT segment, "offset", counters FROM progress').fetchall()
        return (rows[0][0], rows[0][1], json.loads(rows[0][2])) if rows else (0, 0, {})

    def set_progress(self, position: tuple[int, int], counters: Mapping[str, int]) -> None:
        """Remember the log position that the current transaction brings the database to."""
        self._write.execute("DELETE FROM progress")
        self._write.execute("INSERT INTO progress VALUES (?, ?, ?)", [*position, json.dumps(counters)])

    def databases(self) -> list[DatabaseDescription]:
        """All databases."""
        return [
            load_database(row[0])
            for row in self._write.execute("SELECT description FROM databases").fetchall()
        ]

    def put_database(self, database: DatabaseDescription) -> None:
        """Store a new or changed database."""
        self._write.execute(
            "INSERT OR REPLACE INTO databases VALUES (?, ?)", [database.name, database.dump()]
        )

    def drop_database(self, name: str) -> None:
        """Forget a database."""
        self._write.execute("DELETE FROM databases WHERE name = ?", [name])

    def tables(self) -> list[Table]:
        """All tables with their columns, measure names and series."""
        found = []
        query = "SELECT number, description FROM tables ORDER BY number"
        for number, description in self._write.execute(query).fetchall():
            table = Table(number, load_table(description))
            table_storage.restore(self._write, table)
            found.append(table)
        return found

    def create_table(self, description: TableDescription) -> Table:
        """Store a new, empty table."""
        number = self._write.execute("SELECT nextval('table_numbers')").fetchall()[0][0]
        self._write.execute("INSERT INTO tables VALUES (?, ?)", [number, description.dump()])
        self._write.execute(
            f"CREATE TABLE t{number} (series INTEGER NOT NULL, version BIGINT NOT NULL, "
            "measure_name VARCHAR NOT NULL, time TIMESTAMP_NS NOT NULL)"
        )
        self._write.execute(f"CREATE TABLE s{number} (series INTEGER NOT NULL, digest BLOB NOT NULL)")
        table = Table(number, description)
        table_storage.create_view(self._write, table)
        return table

    def put_table(self, table: Table) -> None:
        """Store a changed description."""
        self._write.execute(
            "UPDATE tables SET description = ? WHERE number = ?", [table.description.dump(), table.number]
        )

    def drop_table(self, table: Table) -> None:
        """Forget a table and its records."""
        self._write.execute(f"DROP VIEW v{table.number}")
        self._write.execute(f"DROP TABLE t{table.number}")
        self._write.execute(f"DROP TABLE s{table.number}")
        for meta in ("tables", "columns", "measures"):
            self._write.execute(f"DELETE FROM {meta} WHERE number = ?", [table.number])  # noqa: S608 - fixed names

    def rows(self, table: Table) -> int:
        """The number of rows that the database has for a table."""
        return table_storage.rows(self._write, table)

    def expire(self, table: Table, before_ns: int) -> int:
        """Delete the rows older than a time and return how many there were."""
        return table_storage.expire(self._write, table, before_ns)

    def lookup(self, table: Table, keys: Sequence[Key]) -> dict[Key, Stored]:
        """The rows the database has for some points."""
        return table_storage.lookup(self._write, table, keys)

    def flush(self, table: Table) -> None:
        """Write what a table has new; the caller has a transaction."""
        table_storage.flush(self._write, table)
