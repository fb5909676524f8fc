"""The columns of a result as GetQueryResults describes them, and in the bytes that lie beside a result.

The figures of a type are those that AWS answers; the bytes have no documentation, and the numbers of their fields are
those that Athena's JDBC drivers read.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from emulator.athena.outcome import ResultColumn

_PRECISION = {
    "bigint": 19, "double": 17, "float": 17, "integer": 10, "smallint": 5, "timestamp": 3,
    "timestamp with time zone": 3, "tinyint": 3, "varbinary": 1_073_741_824, "varchar": 2_147_483_647,
}  # fmt: skip
_CASE_SENSITIVE = frozenset({"char", "varchar"})
_UNKNOWN = 3


def column_info(column: ResultColumn) -> dict[str, Any]:
    """The structure ColumnInfo."""
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column.name,
        "Label": column.name,
        "Type": column.type,
        "Precision": _PRECISION.get(column.type, 0),
        "Scale": 0,
        "Nullable": "UNKNOWN",
        "CaseSensitive": column.type in _CASE_SENSITIVE,
    }


def metadata(query_id: str, columns: Sequence[ResultColumn], update_count: int | None = None) -> bytes:
    """The content of a `.metadata` object: the query's id, how many rows were written, and each column."""
    parts = [_text(1, query_id)]
    if update_count is not None:
        parts.append(_number(3, update_count))
    parts += [_bytes(4, b"".join(_column(column))) for column in columns]
    return b"".join(parts)


def _column(column: ResultColumn) -> Iterable[bytes]:
    info = column_info(column)
    for number, name in ((1, "CatalogName"), (4, "Name"), (5, "Label"), (6, "Type")):
        yield _text(number, info[name])
    for number, name in ((7, "Precision"), (8, "Scale")):
        yield _number(number, info[name])
    yield _number(9, _UNKNOWN)
    yield _number(10, int(info["CaseSensitive"]))


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode())


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    """A number in Protocol Buffers' variable length."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
