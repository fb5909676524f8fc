"""Parquet files as another library writes them."""

import io

import pyarrow as pa
from pyarrow import parquet


def parquet_file(rows: int, columns: int = 1, group: int | None = None) -> bytes:
    """A file of so many rows, in groups of so many."""
    table = pa.table({f"column_{number}": pa.array(range(rows), pa.int64()) for number in range(columns)})
    file = io.BytesIO()
    parquet.write_table(table, file, row_group_size=group)
    return file.getvalue()
