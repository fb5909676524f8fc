"""All of Timestream in one region: databases, tables, records, and the log that makes them last."""

import errno
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import orjson

from emulator import sql
from emulator.timestream import errors, table_storage
from emulator.timestream.catalog import RegionCatalog
from emulator.timestream.logreader import DamagedLogError, LogReader
from emulator.timestream.metadata import Catalog
from emulator.timestream.records import Decoder
from emulator.timestream.resources import DatabaseDescription, TableDescription
from emulator.timestream.storage import Storage
from emulator.timestream.table import Outcome, Table
from emulator.timestream.writelog import WriteLog, segments

FLUSH_ROWS = 20_000
_EXPIRE_EVERY_NS = 60 * 1_000_000_000
# What an entry of the log begins with: the clock, and how many bytes of rejections come before the request.
_ENTRY = struct.Struct("<qI")
_FULL = "The disk that holds the data folder is full; what was acknowledged is safe."


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
        salvage: bool = False,
    ) -> None:
        """Open the store in a folder, and apply what its log has more than its tables.

        DamagedLogError if the log is not as it was written; with `salvage`, what is whole is applied nevertheless, and
        what is lost is printed to standard error.
        """
        directory.mkdir(parents=True, exist_ok=True)
        tables = directory / "store.duckdb"
        if not tables.exists() and segments(directory) and not salvage:
            raise DamagedLogError(f"{tables} is missing, but its write log is there")
        self.region = region
        self.clock_ns = clock_ns
        self.lock = threading.RLock()  # under it, look-ups and changes belong together
        self._storage = Storage(tables, memory_limit_mb)
        self._databases = {database.name: database for database in self._storage.databases()}
        self._tables = {table.key: table for table in self._storage.tables()}
        self.catalog = RegionCatalog(self.lock, self._databases, self._tables)
        segment, offset, counters = self._storage.progress()
        self._counters: Counter[str] = Counter(counters)
        self._buffered = 0
        self._next_expiry = 0
        log = LogReader(directory, self._storage.identity(), segment, offset, salvage=salvage)
        try:
            self._replay(log)
            self._log = WriteLog(directory, log.store, log.next_segment(), fsync=fsync)
            self._buffered += 1  # so that the flush notes the position even when nothing was replayed
            self.flush()
        except BaseException:
            self._storage.close()
            raise
        log.put_aside()
        for lost in log.lost:
            print(f"Timestream: went on without what is lost: {lost}", file=sys.stderr, flush=True)

    def _replay(self, log: LogReader) -> None:
        for entry in log.entries():
            now_ns, length = _ENTRY.unpack_from(entry)
            body = _ENTRY.size + length
            refused = {
                int(index): reason
                for index, reason in orjson.loads(entry[_ENTRY.size : body] or b"{}").items()
            }
            request = orjson.loads(entry[body:])
            try:
                table = self.catalog.table_of(request["DatabaseName"], request["TableName"])
                points = table.decoder.decode(request)
            except errors.ServiceError as error:
                log.reject(f"has a write that this data folder cannot have taken: {error.message}")
                continue
            self._apply(table, points, now_ns, refused)

    def close(self) -> None:
        """Put everything into the tables and give the files back."""
        with self.lock:
            self.flush()
            self._log.close()
            self._storage.close()

    # Records

    def write(self, request: Mapping[str, Any], body: bytes, refused: Mapping[int, str]) -> dict[str, Any]:
        """Store the records of a WriteRecords request; `refused` rejects some by request of a test."""
        table = self.catalog.table_of(request["DatabaseName"], request["TableName"])
        points = table.decoder.decode(request)
        refusals = orjson.dumps({str(index): reason for index, reason in refused.items()}) if refused else b""
        with self.lock:
            if self.catalog.table_of(request["DatabaseName"], request["TableName"]) is not table:
                raise errors.ResourceNotFoundException(f"The table {request['TableName']} does not exist.")
            now_ns = self.clock_ns()
            try:
                self._log.append(_ENTRY.pack(now_ns, len(refusals)), refusals, body)
            except OSError as error:
                raise errors.InternalServerException(
                    _FULL if is_full(error) else "The record could not be made to last."
                ) from error
            position = self._log.position
            outcome = self._apply(table, points, now_ns, refused)
            if self._buffered >= FLUSH_ROWS:
                self.flush()
        self._log.settle(position)
        if outcome.rejected:
            raise errors.RejectedRecordsException(outcome.rejected)
        total = outcome.memory + outcome.magnetic
        return {
            "RecordsIngested": {
                "Total": total,
                "MemoryStore": outcome.memory,
                "MagneticStore": outcome.magnetic,
            }
        }

    def _apply(self, table: Table, points: Sequence[Any], now_ns: int, refused: Mapping[int, str]) -> Outcome:
        outcome = table.apply(points, now_ns, refused, partial(table_storage.lookup, self._storage.writer))
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
        with self.lock:
            if not self._buffered and self.clock_ns() < self._next_expiry:
                return
            tables = [
                table
                for table in self._tables.values()
                if table.buffer or table.schema.added or table.new_series
            ]
            # DuckDB's commit is on the disk at once: a log that a power cut left shorter would look like another's.
            self._log.sync(self._log.position)
            try:
                with self._storage.transaction():
                    for table in tables:
                        table_storage.flush(self._storage.writer, table)
                    self._expire()
                    self._storage.set_progress(self._log.position, self._counters)
            except duckdb.Error as error:
                if is_full(error):
                    raise errors.InternalServerException(_FULL) from error
                raise
            for table in tables:
                table.flushed()
            self._buffered = 0
            with suppress(OSError):  # it stays long until there is room for the next
                self._log.rotate()

    def _expire(self) -> None:
        now_ns = self.clock_ns()
        if now_ns < self._next_expiry:
            return
        self._next_expiry = now_ns + _EXPIRE_EVERY_NS
        for table in self._tables.values():
            before = table.description.retention.expired_before(now_ns)
            if before > 0:
                self._counters["expired"] += table_storage.expire(self._storage.writer, table, before)

    # Reading

    @contextmanager
    def reader(self) -> Iterator[tuple[Catalog, duckdb.DuckDBPyConnection]]:
        """Give the names, and a connection that sees every record acknowledged before."""
        cursor = self.cursor()
        try:
            yield self.catalog, cursor
        finally:
            cursor.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection that sees every record acknowledged before; the caller closes it."""
        self.flush()
        cursor = self._storage.cursor()
        sql.prepare(cursor)
        return cursor

    def status(self) -> dict[str, int]:
        """The counts of records and rows; accepted = rows + replaced + repeated + expired + dropped."""
        with self.lock:
            self.flush()
            tables = self._tables.values()
            names = ("accepted", "rejected", "replaced", "repeated", "magnetic", "expired", "dropped")
            return {
                **{name: self._counters[name] for name in names},
                "rows": sum(table_storage.rows(self._storage.writer, table) for table in tables),
                "series": sum(len(table.last) for table in tables),
                "databases": len(self._databases),
                "tables": len(self._tables),
                "log_bytes": self._log.position[1],
            }

    # Databases and tables

    @contextmanager
    def changing(self) -> Iterator[Storage]:
        """Give exclusive use of the tables, all records in them, in one transaction."""
        with self.lock:
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
        self._tables[table.key] = table

    def put_table(self, description: TableDescription) -> None:
        """Change a table's description."""
        with self.lock:
            table = self.catalog.table_of(description.database, description.name)
            with self.changing() as storage:
                storage.put_table(table.number, description)
            table.description = description
            table.decoder = Decoder()  # so that every series is checked again, by the new description

    def drop_table(self, database: str, name: str) -> None:
        """Forget a table and its records."""
        with self.lock:
            table = self.catalog.table_of(database, name)
            self.flush()
            self._counters["dropped"] += table_storage.rows(self._storage.writer, table)
            with self.changing() as storage:
                storage.drop_table(table)
                storage.set_progress(self._log.position, self._counters)
            del self._tables[table.key]


def is_full(error: Exception) -> bool:
    """True if the disk had no room."""
    return getattr(error, "errno", None) == errno.ENOSPC or "No space left on device" in str(error)
