"""One table in the DuckDB file of its region: its rows, series, columns and measure names.

Table number 7 has its rows in `t7`, its series in `s7`, and is selected from as `v7`. The connection is the store's
one writer; changes belong to a transaction of its own.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from emulator.sql import Column
from emulator.sql.bound import name as quote
from emulator.timestream.schema import FIXED, Schema
from emulator.timestream.table import Key, Row, Stored, Table
from emulator.timestream.values import Value

_TYPES = {
    "BIGINT": ("BIGINT", pa.int64()),
    "DOUBLE": ("DOUBLE", pa.float64()),
    "VARCHAR": ("VARCHAR", pa.string()),
    "BOOLEAN": ("BOOLEAN", pa.bool_()),
    "TIMESTAMP": ("TIMESTAMP_NS", pa.timestamp("ns")),
}
"""DuckDB's and Arrow's type of each type of measure."""


def rows(connection: Connection, table: Table) -> int:
    """The number of rows that the database has for a table."""
    return int(connection.execute(f"SELECT count(*) FROM t{table.number}").fetchall()[0][0])  # noqa: S608 - a number


def expire(connection: Connection, table: Table, before_ns: int) -> int:
    """Delete the rows older than a time and return how many there were."""
    statement = f"DELETE FROM t{table.number} WHERE time < make_timestamp_ns(?)"  # noqa: S608 - a number
    return int(connection.execute(statement, [before_ns]).fetchall()[0][0])


def lookup(connection: Connection, table: Table, keys: Sequence[Key]) -> dict[Key, Stored]:
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
    with _registered(connection, _key_table(keys)):
        # The bounds let DuckDB skip what is not of that time; the join alone would read the whole table.
        rows = connection.execute(
            f"SELECT t.series, epoch_ns(t.time), t.version{selected} "  # noqa: S608 - numbers and own names
            f"FROM t{table.number} t JOIN batch b ON t.series = b.series AND t.time = b.time "
            "WHERE t.time BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?)",
            [min(times), max(times)],
        ).fetchall()
    names = [stored for stored, _ in measures]
    return {(row[0], row[1]): (row[2], _present(names, row[3:])) for row in rows}


def flush(connection: Connection, table: Table) -> None:
    """Write a table's new columns, measure names, series and buffered rows; the caller has a transaction."""
    _flush_schema(connection, table)
    if table.new_series:
        numbers, digests = zip(*table.new_series, strict=True)
        batch = pa.table({"series": pa.array(numbers, pa.int32()), "digest": pa.array(digests, pa.binary())})
        with _registered(connection, batch):
            connection.execute(f"INSERT INTO s{table.number} SELECT series, digest FROM batch")  # noqa: S608 - a number
    if table.superseded:
        _delete(connection, table, list(table.superseded))
    layouts: dict[tuple[str, ...], list[tuple[Key, Row]]] = {}
    for item in table.buffer.items():
        layouts.setdefault(item[1][2].columns, []).append(item)
    for columns, items in layouts.items():
        _insert(connection, table, columns, items)


def restore(connection: Connection, table: Table) -> None:
    """Give a table the columns, measure names and series that the database has for it."""
    number = [table.number]
    columns = connection.execute(
        "SELECT stored, name, type, role, physical FROM columns WHERE number = ? ORDER BY rowid", number
    ).fetchall()
    for stored, name, kind, role, physical in columns:
        table.schema.restore(stored, Column(name, kind, role, physical))
    for name, kind, dimensions in connection.execute(
        "SELECT name, kind, dimensions FROM measures WHERE number = ?", number
    ).fetchall():
        table.schema.restore_measure(name, kind, json.loads(dimensions))
    series = connection.execute(
        "SELECT s.series, s.digest, coalesce(m.last, -1) "  # noqa: S608 - a number
        f"FROM s{table.number} s LEFT JOIN (SELECT series, max(epoch_ns(time)) AS last FROM t{table.number} "
        "GROUP BY series) m ON s.series = m.series ORDER BY s.series"
    )
    while rows := series.fetchmany(10_000):
        for row in rows:
            table.restore_series(*row)


def _flush_schema(connection: Connection, table: Table) -> None:
    schema = table.schema
    for column in schema.added:
        stored = schema.stored[column.name]
        connection.execute(f"ALTER TABLE t{table.number} ADD COLUMN {stored} {_TYPES[column.type][0]}")
        connection.execute(
            "INSERT INTO columns VALUES (?, ?, ?, ?, ?, ?)",
            [table.number, stored, column.name, column.type, column.role, column.physical],
        )
    if schema.added:
        create_view(connection, table)
    for name in schema.touched:
        measure = schema.measures[name]
        connection.execute("DELETE FROM measures WHERE number = ? AND name = ?", [table.number, name])
        connection.execute(
            "INSERT INTO measures VALUES (?, ?, ?, ?)",
            [table.number, name, measure.type, json.dumps(measure.dimensions)],
        )


def create_view(connection: Connection, table: Table) -> None:
    """Make the relation that queries see, with the columns that the table has now."""
    schema = table.schema
    selected = ", ".join(
        f"{column.name if column in FIXED else schema.stored[column.name]} AS {quote(column.physical)}"
        for column in schema.visible()
    )
    view = f"SELECT {selected} FROM t{table.number}"  # noqa: S608 - names are quoted
    connection.execute(f"CREATE OR REPLACE VIEW v{table.number} AS {view}")


def _delete(connection: Connection, table: Table, keys: Sequence[Key]) -> None:
    times = [time for _, time in keys]
    with _registered(connection, _key_table(keys)):
        connection.execute(
            f"DELETE FROM t{table.number} t USING batch b WHERE t.series = b.series AND t.time = b.time "  # noqa: S608 - a number
            "AND t.time BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?)",
            [min(times), max(times)],
        )


def _insert(
    connection: Connection, table: Table, columns: tuple[str, ...], items: Sequence[tuple[Key, Row]]
) -> None:
    batch = {**_identity_columns(items), **_measure_columns(table.schema, columns, items)}
    names = ", ".join(batch)
    with _registered(connection, pa.table(batch)):
        connection.execute(f"INSERT INTO t{table.number} ({names}) SELECT {names} FROM batch")  # noqa: S608 - own names


@contextmanager
def _registered(connection: Connection, batch: pa.Table) -> Iterator[None]:
    connection.register("batch", batch)
    try:
        yield
    finally:
        connection.unregister("batch")


def _present(names: Sequence[str], row: Sequence[Value | None]) -> dict[str, Value]:
    return {name: value for name, value in zip(names, row, strict=True) if value is not None}


def _key_table(keys: Sequence[Key]) -> pa.Table:
    """The series and times of points."""
    series, times = zip(*keys, strict=True)
    return pa.table({"series": pa.array(series, pa.int32()), "time": _times(times)})


def _identity_columns(items: Sequence[tuple[Key, Row]]) -> dict[str, pa.Array]:
    """The series, version, time, measure name and dimensions of buffered rows, by stored column."""
    series = [key[0] for key, _ in items]
    # Dimensions repeat with their series: spell them once per series, and let Arrow spread them over the rows.
    identities = {key[0]: row[0] for key, row in items}
    places = {number: place for place, number in enumerate(identities)}
    spread = pa.array([places[number] for number in series], pa.int32())
    values: dict[str, list[str | None]] = {}
    for place, identity in enumerate(identities.values()):
        for stored, (_, value) in zip(identity.columns, identity.dimensions, strict=True):
            column = values.get(stored)
            if column is None:
                column = values[stored] = [None] * len(identities)
            column[place] = value
    names = [identity.measure_name for identity in identities.values()]
    return {
        "series": pa.array(series, pa.int32()),
        "version": pa.array([row[1] for _, row in items], pa.int64()),
        "measure_name": pa.DictionaryArray.from_arrays(spread, pa.array(names, pa.string())),
        "time": _times([key[1] for key, _ in items]),
        **{
            stored: pa.DictionaryArray.from_arrays(spread, pa.array(column, pa.string()))
            for stored, column in values.items()
        },
    }


def _measure_columns(
    schema: Schema, columns: tuple[str, ...], items: Sequence[tuple[Key, Row]]
) -> dict[str, pa.Array]:
    """The measures of buffered rows that share a layout, by stored column."""
    types = {stored: schema.columns[name].type for name, stored in schema.stored.items()}
    measured = zip(*[row[3] for _, row in items], strict=True)
    arrays = {}
    for stored, values in zip(columns, measured, strict=True):
        kind = _TYPES[types[stored]][1]
        arrays[stored] = _times(values) if pa.types.is_timestamp(kind) else pa.array(values, kind)
    return arrays


def _times(values: Sequence[Value]) -> pa.Array:
    return pa.array(values, pa.int64()).cast("timestamp[ns]")
