"""Parquet files are read by their columns' names, timestamps to the millisecond."""

import io
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from emulator.athena.engine import column_types, parquet_files


def file(columns: dict[str, Any], **options: Any) -> bytes:
    """A file with these columns."""
    body = io.BytesIO()
    parquet.write_table(pa.table(columns), body, **options)
    return body.getvalue()


def read(body: bytes, **columns: str) -> dict[str, list[Any]]:
    """The columns of a file by Hive types."""
    typed = [(name, column_types.of_hive(kind)) for name, kind in columns.items()]
    return dict(parquet_files.read(body, typed).to_pydict())


def test_columns_go_by_name() -> None:
    """Another order, another case, columns more and columns fewer."""
    body = file({"B": ["x"], "other": [1.5], "a": pa.array([7], pa.int32())})
    assert read(body, a="bigint", b="string", c="double") == {"a": [7], "b": ["x"], "c": [None]}


MOMENT = datetime.fromisoformat("2026-11-24T05:00:00.123600")


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("options", [{}, {"use_deprecated_int96_timestamps": True}])
def test_timestamps(unit: str, options: dict[str, Any]) -> None:
    """INT96 and INT64 of any unit, rounded to milliseconds."""
    body = file(
        {"t": pa.array([MOMENT, None], pa.timestamp("us")).cast(pa.timestamp(unit), safe=False)}, **options
    )
    expected = 123_000 if unit == "ms" else 124_000
    assert read(body, t="timestamp") == {"t": [MOMENT.replace(microsecond=expected), None]}


def test_nested_columns() -> None:
    """Maps and arrays of scalars."""
    kind = pa.map_(pa.string(), pa.string())
    body = file({"m": pa.array([[("a", "1")]], kind), "l": [[1, 2]]})
    assert read(body, m="map<string,string>", l="array<bigint>") == {"m": [[("a", "1")]], "l": [[1, 2]]}


@pytest.mark.parametrize(
    ("found", "kind", "named"),
    [
        (pa.array([1.5]), "bigint", "DOUBLE"),
        (pa.array([1]), "int", "INT64"),
        (pa.array(["x"]), "double", "BYTE_ARRAY"),
        (pa.array([1]), "string", "INT64"),
        (pa.array([1]), "timestamp", "INT64"),
    ],
)
def test_a_column_of_another_type(found: pa.Array, kind: str, named: str) -> None:
    """A type that the table does not say fails, in Athena's words."""
    with pytest.raises(
        ValueError, match=rf"Field x's type {named} in the file is incompatible with type \w+"
    ):
        read(file({"x": found}), x=kind)


def test_what_is_no_parquet() -> None:
    """Another file fails."""
    with pytest.raises(ValueError, match="it is not a Parquet file"):
        read(b"PAR1 or not", x="string")
