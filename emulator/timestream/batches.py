"""Buffered rows as Arrow columns, which DuckDB reads without a copy per value."""

from collections.abc import Sequence

import pyarrow as pa

from emulator.timestream.schema import Schema
from emulator.timestream.table import Key, Row

_ARROW_TYPES = {
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("ns"),
}


def key_table(keys: Sequence[Key]) -> pa.Table:
    """The series and times of points."""
    series, times = zip(*keys, strict=True)
    return pa.table(
        {"series": pa.array(series, pa.int32()), "time": pa.array(times, pa.int64()).cast("timestamp[ns]")}
    )


def identity_columns(items: Sequence[tuple[Key, Row]]) -> dict[str, pa.Array]:
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
        "time": pa.array([key[1] for key, _ in items], pa.int64()).cast("timestamp[ns]"),
        **{
            stored: pa.DictionaryArray.from_arrays(spread, pa.array(column, pa.string()))
            for stored, column in values.items()
        },
    }


def measure_columns(
    schema: Schema, columns: tuple[str, ...], items: Sequence[tuple[Key, Row]]
) -> dict[str, pa.Array]:
    """The measures of buffered rows that share a layout, by stored column."""
    types = {stored: schema.columns[name].type for name, stored in schema.stored.items()}
    measured = zip(*[row[3] for _, row in items], strict=True)
    arrays = {}
    for stored, values in zip(columns, measured, strict=True):
        kind = types[stored]
        array = pa.array(values, pa.int64() if kind == "TIMESTAMP" else _ARROW_TYPES[kind])
        arrays[stored] = array.cast("timestamp[ns]") if kind == "TIMESTAMP" else array
    return arrays
