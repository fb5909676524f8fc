"""The DuckDB file of one region: what is in it, and how rows get in and out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from emulator.sql.catalog import Column
from emulator.timestream.batches import identity_columns, key_table, measure_columns
from emulator.timestream.resources import DatabaseDescription, TableDescription, load_database, load_table
from emulator.timestream.schema import DUCKDB_TYPES, FIXED
from emulator.timestream.table import Key, Row, Stored, Table
from emulator.timestream.values import Value

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
            self._restore(table)
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
        self._create_view(table)
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
        """Return how many rows the database has for a table."""
        return int(self._write.execute(f"SELECT count(*) FROM t{table.number}").fetchall()[0][0])  # noqa: S608 - a number

    def expire(self, table: Table, before_ns: int) -> int:
        """Delete the rows older than a time and return how many there were."""
        statement = f"DELETE FROM t{table.number} WHERE time < make_timestamp_ns(?)"  # noqa: S608 - a number
        return int(self._write.execute(statement, [before_ns]).fetchall()[0][0])

    def lookup(self, table: Table, keys: Sequence[Key]) -> dict[Key, Stored]:
        """The rows the database has for some points."""
        if not keys:
            return {}
        measures = [
            (table.schema.stored[c.name], c) for c in table.schema.columns.values() if c.role != "DIMENSION"
        ]
        measures = [pair for pair in measures if pair[1] not in table.schema.added]
        selected = "".join(
            f", epoch_ns(t.{stored})" if column.type == "TIMESTAMP" else f", t.{stored}"
            for stored, column in measures
        )
        times = [time for _, time in keys]
        with self._registered(key_table(keys)):
            # The bounds let DuckDB skip what is not of that time; the join alone would read the whole table.
            rows = self._write.execute(
                f"SELECT t.series, epoch_ns(t.time), t.version{selected} "  # noqa: S608 - numbers and own names
                f"FROM t{table.number} t JOIN batch b ON t.series = b.series AND t.time = b.time "
                "WHERE t.time BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?)",
                [min(times), max(times)],
            ).fetchall()
        names = [stored for stored, _ in measures]
        return {(row[0], row[1]): (row[2], _present(names, row[3:])) for row in rows}

    def flush(self, table: Table) -> None:
        """Write a table's new columns, measure names, series and buffered rows; the caller has a transaction."""
        self._flush_schema(table)
        if table.new_series:
            numbers, digests = zip(*table.new_series, strict=True)
            batch = pa.table(
                {"series": pa.array(numbers, pa.int32()), "digest": pa.array(digests, pa.binary())}
            )
            with self._registered(batch):
                self._write.execute(f"INSERT INTO s{table.number} SELECT series, digest FROM batch")  # noqa: S608 - a number
        if table.superseded:
            self._delete(table, list(table.superseded))
        layouts: dict[tuple[str, ...], list[tuple[Key, Row]]] = {}
        for item in table.buffer.items():
            layouts.setdefault(item[1][2].columns, []).append(item)
        for columns, items in layouts.items():
            self._insert(table, columns, items)

    def _restore(self, table: Table) -> None:
        number = [table.number]
        columns = self._write.execute(
            "SELECT stored, name, type, role, physical FROM columns WHERE number = ? ORDER BY rowid", number
        ).fetchall()
        for stored, name, kind, role, physical in columns:
            table.schema.restore(stored, Column(name, kind, role, physical))
        for name, kind, dimensions in self._write.execute(
            "SELECT name, kind, dimensions FROM measures WHERE number = ?", number
        ).fetchall():
            table.schema.restore_measure(name, kind, json.loads(dimensions))
        series = self._write.execute(
            "SELECT s.series, s.digest, coalesce(m.last, -1) "  # noqa: S608 - a number
            f"FROM s{table.number} s LEFT JOIN (SELECT series, max(epoch_ns(time)) AS last FROM t{table.number} "
            "GROUP BY series) m ON s.series = m.series ORDER BY s.series"
        )
        while rows := series.fetchmany(10_000):
            for row in rows:
                table.restore_series(*row)

    def _flush_schema(self, table: Table) -> None:
        schema = table.schema
        for column in schema.added:
            stored = schema.stored[column.name]
            self._write.execute(
                f"ALTER TABLE t{table.number} ADD COLUMN {stored} {DUCKDB_TYPES[column.type]}"
            )
            self._write.execute(
                "INSERT INTO columns VALUES (?, ?, ?, ?, ?, ?)",
                [table.number, stored, column.name, column.type, column.role, column.physical],
            )
        if schema.added:
            self._create_view(table)
        for name in schema.touched:
            measure = schema.measures[name]
            self._write.execute("DELETE FROM measures WHERE number = ? AND name = ?", [table.number, name])
            self._write.execute(
                "INSERT INTO measures VALUES (?, ?, ?, ?)",
                [table.number, name, measure.kind, json.dumps(sorted(measure.dimensions))],
            )

    def _create_view(self, table: Table) -> None:
        schema = table.schema
        selected = ", ".join(
            f"{column.name if column in FIXED else schema.stored[column.name]} AS {quote(column.physical)}"
            for column in schema.visible()
        )
        view = f"SELECT {selected} FROM t{table.number}"  # noqa: S608 - names are quoted
        self._write.execute(f"CREATE OR REPLACE VIEW v{table.number} AS {view}")

    def _delete(self, table: Table, keys: Sequence[Key]) -> None:
        times = [time for _, time in keys]
        with self._registered(key_table(keys)):
            self._write.execute(
                f"DELETE FROM t{table.number} t USING batch b WHERE t.series = b.series AND t.time = b.time "  # noqa: S608 - a number
                "AND t.time BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?)",
                [min(times), max(times)],
            )

    def _insert(self, table: Table, columns: tuple[str, ...], items: Sequence[tuple[Key, Row]]) -> None:
        batch = {**identity_columns(items), **measure_columns(table.schema, columns, items)}
        names = ", ".join(batch)
        with self._registered(pa.table(batch)):
            self._write.execute(f"INSERT INTO t{table.number} ({names}) SELECT {names} FROM batch")  # noqa: S608 - own names

    @contextmanager
    def _registered(self, batch: pa.Table) -> Iterator[None]:
        self._write.register("batch", batch)
        try:
            yield
        finally:
            self._write.unregister("batch")


def quote(name: str) -> str:
    """A name as a DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def _present(names: Sequence[str], row: Sequence[Value | None]) -> dict[str, Value]:
    return {name: value for name, value in zip(names, row, strict=True) if value is not None}
