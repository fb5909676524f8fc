"""All of Timestream in one region: databases, tables, records, and the log that makes them last."""

import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import orjson

from emulator import sql
from emulator.sql import InvalidQueryError, TableInfo
from emulator.timestream.errors import (
    InternalServerException,
    RejectedRecordsException,
    ResourceNotFoundException,
)
from emulator.timestream.metadata import Catalog
from emulator.timestream.resources import DatabaseDescription, TableDescription
from emulator.timestream.schema import Measure
from emulator.timestream.storage import Storage
from emulator.timestream.table import Outcome, Table
from emulator.timestream.writelog import WriteLog, last_segment, replay

FLUSH_ROWS = 20_000
_EXPIRE_EVERY_NS = 60 * 1_000_000_000
# What an entry of the log begins with: the clock, and how many bytes of rejections come before the request.
_ENTRY = struct.Struct("<qI")


class Store:
    """Every accepted record is in the log before the caller hears of it, and in the tables before anyone reads.

    Between the two it waits in its table's buffer; at `FLUSH_ROWS` all buffers go to DuckDB in one transaction, which
    also notes how far the log has been read. After a crash the rest of the log is applied again, by the same rules
    and at the same times, so the outcome is the same.
    """

    def __init__(
        self,
        directory: Path,
        region: str,
        clock_ns: Callable[[], int],
        *,
        fsync: bool = False,
        memory_limit_mb: int = 400,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.region = region
        self.clock_ns = clock_ns
        self._lock = threading.RLock()
        self._storage = Storage(directory / "store.duckdb", memory_limit_mb)
        self._databases = {database.name: database for database in self._storage.databases()}
        self._tables: dict[tuple[str, str], Table] = {}
        self._published: dict[tuple[str, str], TableInfo] = {}
        for table in self._storage.tables():
            self._add(table)
        segment, offset, counters = self._storage.progress()
        self._counters: Counter[str] = Counter(counters)
        self._buffered = 0
        self._next_expiry = 0
        self._replay(directory, segment, offset, fsync=fsync)

    def _replay(self, directory: Path, segment: int, offset: int, *, fsync: bool) -> None:
        for entry in replay(directory, segment, offset):
            now_ns, length = _ENTRY.unpack_from(entry)
            body = _ENTRY.size + length
            refused = {
                int(index): reason
                for index, reason in orjson.loads(entry[_ENTRY.size : body] or b"{}").items()
            }
            request = orjson.loads(entry[body:])
            table = self._tables[request["DatabaseName"], request["TableName"]]
            self._apply(table, table.decoder.decode(request), now_ns, refused)
        self._log = WriteLog(directory, last_segment(directory, segment), fsync=fsync)
        self._buffered += 1  # so that the flush notes the position even when nothing was replayed
        self.flush()

    def close(self) -> None:
        """Put everything into the tables and give the files back."""
        with self._lock:
            self.flush()
            self._log.close()
            self._storage.close()

    # Records

    def write(self, request: Mapping[str, Any], body: bytes, refused: Mapping[int, str]) -> dict[str, Any]:
        """Store the records of a WriteRecords request; `refused` rejects some by request of a test."""
        table = self.table_of(request["DatabaseName"], request["TableName"])
        points = table.decoder.decode(request)
        refusals = orjson.dumps({str(index): reason for index, reason in refused.items()}) if refused else b""
        with self._lock:
            if self._tables.get((table.description.database, table.description.name)) is not table:
                raise ResourceNotFoundException(f"The table {request['TableName']} does not exist.")
            now_ns = self.clock_ns()
            try:
                self._log.append(_ENTRY.pack(now_ns, len(refusals)), refusals, body)
            except OSError as error:
                raise InternalServerException("The record could not be made to last.") from error
            position = self._log.position
            outcome = self._apply(table, points, now_ns, refused)
            if self._buffered >= FLUSH_ROWS:
                self.flush()
        self._log.settle(position)
        if outcome.rejected:
            raise RejectedRecordsException(outcome.rejected)
        total = outcome.memory + outcome.magnetic
        return {
            "RecordsIngested": {
                "Total": total,
                "MemoryStore": outcome.memory,
                "MagneticStore": outcome.magnetic,
            }
        }

    def _apply(self, table: Table, points: Sequence[Any], now_ns: int, refused: Mapping[int, str]) -> Outcome:
        outcome = table.apply(points, now_ns, refused, self._storage.lookup)
        self._buffered += len(points) or 1
        self._counters.update(
            accepted=outcome.memory + outcome.magnetic,
            magnetic=outcome.magnetic,
            rejected=len(outcome.rejected),
            replaced=outcome.replaced,
            repeated=outcome.repeated,
        )
        return outcome

    def flush(self) -> None:
        """Bring everything acknowledged into the tables, and let go of what is too old."""
        with self._lock:
            if not self._buffered and self.clock_ns() < self._next_expiry:
                return
            tables = [
                table
                for table in self._tables.values()
                if table.buffer or table.schema.added or table.new_series
            ]
            with self._storage.transaction():
                for table in tables:
                    self._storage.flush(table)
                self._expire()
                self._storage.set_progress(self._log.position, self._counters)
            for table in tables:
                self._settle(table)
            self._buffered = 0
            self._log.rotate()

    def _settle(self, table: Table) -> None:
        table.flushed()
        if table.schema.added:
            table.schema.added.clear()
            self._publish(table)

    def _expire(self) -> None:
        now_ns = self.clock_ns()
        if now_ns < self._next_expiry:
            return
        self._next_expiry = now_ns + _EXPIRE_EVERY_NS
        for table in self._tables.values():
            before = table.description.retention.expired_before(now_ns)
            if before > 0:
                self._counters["expired"] += self._storage.expire(table, before)

    # Reading

    @contextmanager
    def reader(self) -> Iterator[tuple[Catalog, duckdb.DuckDBPyConnection]]:
        """Give the names, and a connection that sees every record acknowledged before."""
        cursor = self.cursor()
        try:
            yield self, cursor
        finally:
            cursor.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection that sees every record acknowledged before; the caller closes it."""
        self.flush()
        cursor = self._storage.cursor()
        sql.prepare(cursor)
        return cursor

    def databases(self) -> Sequence[str]:
        """The names of all databases, sorted."""
        return sorted(self._databases)

    def tables(self, database: str) -> Sequence[str]:
        """The names of a database's tables, sorted."""
        if database not in self._databases:
            raise InvalidQueryError(f"The database {database} does not exist.")
        return sorted(name for owner, name in list(self._tables) if owner == database)

    def table(self, database: str, table: str) -> TableInfo:
        """A table's columns and the relation that has them."""
        info = self._published.get((database, table))
        if info is None:
            what = f"table {database}.{table}" if database in self._databases else f"database {database}"
            raise InvalidQueryError(f"The {what} does not exist.")
        return info

    def measures(self, database: str, table: str) -> Sequence[Measure]:
        """The measure names ever written to a table, sorted by name."""
        self.table(database, table)
        with self._lock:
            return self._tables[database, table].schema.listed_measures()

    def status(self) -> dict[str, int]:
        """Return counts of records and rows; accepted = rows + replaced + repeated + expired + dropped."""
        with self._lock:
            self.flush()
            rows = sum(self._storage.rows(table) for table in self._tables.values())
            names = ("accepted", "rejected", "replaced", "repeated", "magnetic", "expired", "dropped")
            return {
                **{name: self._counters[name] for name in names},
                "rows": rows,
                "series": sum(len(table.last) for table in self._tables.values()),
                "databases": len(self._databases),
                "tables": len(self._tables),
                "log_bytes": self._log.size,
            }

    # Databases and tables

    def described_databases(self) -> list[tuple[DatabaseDescription, int]]:
        """Every database and how many tables it has, by name."""
        with self._lock:
            counts = Counter(database for database, _ in self._tables)
            return [(self._databases[name], counts[name]) for name in sorted(self._databases)]

    def described_tables(self, database: str | None) -> list[TableDescription]:
        """The tables of one database or of all, by name."""
        with self._lock:
            return [
                self._tables[key].description
                for key in sorted(self._tables)
                if database is None or key[0] == database
            ]

    def database_of(self, name: str) -> DatabaseDescription:
        """A database; ResourceNotFoundException if there is none."""
        found = self._databases.get(name)
        if found is None:
            raise ResourceNotFoundException(f"The database {name} does not exist.")
        return found

    def table_of(self, database: str, name: str) -> Table:
        """A table; ResourceNotFoundException if there is none."""
        found = self._tables.get((database, name))
        if found is None:
            self.database_of(database)
            raise ResourceNotFoundException(f"The table {name} does not exist.")
        return found

    @contextmanager
    def changing(self) -> Iterator[Storage]:
        """Give exclusive use of the tables, all records in them, in one transaction."""
        with self._lock:
            self.flush()
            with self._storage.transaction():
                yield self._storage

    def put_database(self, database: DatabaseDescription) -> None:
        """Add or change a database."""
        with self.changing() as storage:
            storage.put_database(database)
        self._databases[database.name] = database

    def drop_database(self, name: str) -> None:
        """Forget an empty database."""
        with self.changing() as storage:
            storage.drop_database(name)
        del self._databases[name]

    def create_table(self, description: TableDescription) -> None:
        """Add an empty table."""
        with self.changing() as storage:
            table = storage.create_table(description)
        self._add(table)

    def put_table(self, description: TableDescription) -> None:
        """Change a table's description."""
        with self._lock:
            table = self._tables[description.database, description.name]
            old, table.description = table.description, description
            try:
                with self.changing() as storage:
                    storage.put_table(table)
            except BaseException:
                table.description = old
                raise
            table.forget_checked()

    def drop_table(self, database: str, name: str) -> None:
        """Forget a table and its records."""
        with self._lock:
            table = self._tables[database, name]
            self.flush()
            self._counters["dropped"] += self._storage.rows(table)
            with self.changing() as storage:
                storage.drop_table(table)
                storage.set_progress(self._log.position, self._counters)
            del self._tables[database, name]
            del self._published[database, name]

    def exclusive(self) -> threading.RLock:
        """The lock under which look-ups and changes belong together."""
        return self._lock

    def _add(self, table: Table) -> None:
        self._tables[table.description.database, table.description.name] = table
        self._publish(table)

    def _publish(self, table: Table) -> None:
        key = (table.description.database, table.description.name)
        self._published[key] = TableInfo(*key, table.schema.visible(), f"v{table.number}")
