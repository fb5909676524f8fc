"""The relations that a query reads: the partitions that it needs, their objects, and these as one table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from emulator.athena.engine import column_types, errors
from emulator.athena.engine.catalog import GlueTable
from emulator.athena.engine.partitions import Partition, partitions
from emulator.athena.engine.run import Run
from emulator.athena.engine.storage import reader
from emulator.athena.outcome import QueryError
from emulator.athena.ports import StoredObject
from emulator.sql import QueryFailedError
from emulator.sql.execution import duckdb_errors
from emulator.sql.partitions import Reading
from emulator.sql.timestamps import at
from emulator.sql.types import Type

_LISTED_ONE_BY_ONE = 24
"""Up to so many partitions are listed each by itself, more by the prefix that they have in common."""
PATH = "$path"
_PLACE = "$place"
_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass
class Reader:
    """The reader of one query's objects."""

    run: Run
    scanned_bytes: int = 0

    def register(self, readings: Sequence[Reading], tables: Sequence[GlueTable]) -> None:
        """Make each reading's relation; QueryError where objects cannot be read, or are more than is allowed."""
        session, cursor, chosen = self.run.session, self.run.cursor, []
        for reading, table in zip(readings, tables, strict=True):
            every = partitions(session.glue, table.described, session.now_ns)
            needed = _needed(cursor, reading, table, every, session.now_ns)
            chosen.append((table, reading, list(self._objects(needed))))
        self.scanned_bytes = sum(stored.size for _, _, found in chosen for _, stored in found)
        if session.bytes_limit is not None and self.scanned_bytes > session.bytes_limit:
            raise QueryError("Bytes scanned limit was exceeded", 2, errors.OVER_LIMIT)
        for table, reading, found in chosen:
            cursor.register(reading.relation, self._table(table, found))

    def _objects(self, needed: Sequence[Partition]) -> Iterator[tuple[Partition, StoredObject]]:
        objects = self.run.session.objects
        if len(needed) <= _LISTED_ONE_BY_ONE:
            for partition in needed:
                for stored in objects.listed(partition.bucket, partition.prefix):
                    if _visible(stored, partition):
                        yield partition, stored
            return
        by_place = {(partition.bucket, partition.prefix): partition for partition in needed}
        for bucket in {partition.bucket for partition in needed}:
            common = _common([place for of, place in by_place if of == bucket])
            for stored in objects.listed(bucket, common):
                owner = _owner(stored, by_place)
                if owner is not None and _visible(stored, owner):
                    yield owner, stored

    def _table(self, table: GlueTable, found: Sequence[tuple[Partition, StoredObject]]) -> pa.Table:
        read = reader(table.described)
        schema = pa.schema([pa.field(name, column_types.arrow(kind)) for name, kind in table.columns])
        parts = []
        for place, (partition, stored) in enumerate(found):
            self.run.go_on()
            objects = self.run.session.objects
            rows = self.run.kept.table(objects, stored, read, table.columns, anew=place == 0)
            parts.append(_with_keys(rows, partition, table, stored.uri))
        return pa.concat_tables(parts or [_with_keys(schema.empty_table(), None, table, "")])


def _needed(
    cursor: duckdb.DuckDBPyConnection,
    reading: Reading,
    table: GlueTable,
    every: Sequence[Partition],
    now_ns: int,
) -> list[Partition]:
    """The partitions for which the reading's condition holds; all where it fails for one."""
    condition = at(reading.condition(), now_ns)
    if not table.keys or not every or condition == "TRUE":
        return list(every)
    columns = {_PLACE: pa.array(range(len(every)))}
    for place, (name, kind) in enumerate(table.keys):
        columns[name] = _typed([p.values[place] for p in every], kind)
    cursor.register("partitions", pa.table(columns))
    try:
        with duckdb_errors():
            rows = cursor.execute(
                f'SELECT "{_PLACE}" FROM partitions WHERE {condition} ORDER BY 1'  # noqa: S608 - made by binding
            ).fetchall()
    except QueryFailedError:
        return list(every)
    return [every[row[0]] for row in rows]


def _with_keys(rows: pa.Table, partition: Partition | None, table: GlueTable, uri: str) -> pa.Table:
    values = partition.values if partition else ("",) * len(table.keys)
    for (name, kind), value in zip(table.keys, values, strict=True):
        typed = _typed([value] if partition else [], kind)
        column = pa.repeat(typed[0], rows.num_rows) if partition else typed
        rows = rows.append_column(name, column)
    if table.with_path:
        rows = rows.append_column(PATH, pa.repeat(pa.scalar(uri, pa.string()), rows.num_rows))
    return rows


def _typed(values: Sequence[str], kind: Type) -> pa.Array:
    known = [None if value == _NULL else value for value in values]
    try:
        return pa.array(known, pa.string()).cast(column_types.arrow(kind))
    except pa.ArrowException as error:
        raise QueryError(f"HIVE_INVALID_PARTITION_VALUE: {error}", 2, errors.DATA) from error


def _visible(stored: StoredObject, partition: Partition) -> bool:
    """False for an empty object and where a part of the path below the partition begins with _ or a full stop."""
    parts = stored.key[len(partition.prefix) :].split("/")
    return stored.size > 0 and not any(part.startswith(("_", ".")) for part in parts)


def _common(prefixes: Sequence[str]) -> str:
    first, last = min(prefixes), max(prefixes)
    length = next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return first[:length]


def _owner(stored: StoredObject, by_place: dict[tuple[str, str], Partition]) -> Partition | None:
    """The partition with the longest prefix of an object's key."""
    place = stored.key
    while place:
        place = place[: place.rstrip("/").rfind("/") + 1]
        if (stored.bucket, place) in by_place:
            return by_place[stored.bucket, place]
    return by_place.get((stored.bucket, ""))
