"""What a query answers: columns, and rows that come as they are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """Columns as ColumnInfo, and batches of rows as JSON texts: `{"Data":[{"ScalarValue":"1"},{"NullValue":true}]}`."""

    columns: Sequence[dict[str, Any]]
    rows: Iterator[Sequence[str]]
    bytes_scanned: int = 0
