"""Objects as tables: each version of an object is read and decoded once, and kept while there is room."""

import bz2
import gzip
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

import pyarrow as pa

from emulator.athena.engine import errors, json_lines, parquet_files
from emulator.athena.outcome import QueryError
from emulator.athena.ports import Objects, StoredObject
from emulator.sql.types import Type

MAX_BYTES = 256 << 20
MAX_OBJECTS = 20_000

HIVE = {
    "JSON": (
        "org.apache.hive.hcatalog.data.JsonSerDe",
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    ),
    "PARQUET": (
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    ),
}
"""The SerDe, input format and output format of a table of each form."""

_UNPACKED: Mapping[str, Callable[[bytes], bytes]] = {".gz": gzip.decompress, ".bz2": bz2.decompress}
_OTHER_CODECS = (".zst", ".snappy", ".lz4", ".lzo", ".deflate")

Columns = Sequence[tuple[str, Type]]
_Key = tuple[str, str, str, tuple[tuple[str, Type], ...]]
Read = Callable[[bytes, str, Columns], pa.Table]


def reader(table: Mapping[str, Any]) -> Read:
    """The decoder of a table's objects; QueryError that names a SerDe that is not supported."""
    storage = table.get("StorageDescriptor") or {}
    serde = (storage.get("SerdeInfo") or {}).get("SerializationLibrary")
    if not storage.get("InputFormat") or not serde:
        raise QueryError("HIVE_UNSUPPORTED_FORMAT: Unable to create input format", 2, errors.SYNTAX)
    if serde == HIVE["JSON"][0]:
        return lambda body, key, columns: json_lines.read(_unpacked(body, key), columns)
    if serde == HIVE["PARQUET"][0]:
        return lambda body, _key, columns: parquet_files.read(body, columns)
    raise errors.unsupported(f"SerDe {serde}")


class ObjectTables:
    """The tables of the objects that were read lately."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[_Key, pa.Table] = OrderedDict()
        self._bytes = 0

    def table(
        self, objects: Objects, stored: StoredObject, read: Read, columns: Columns, *, anew: bool
    ) -> pa.Table:
        """The rows of an object; QueryError for one that cannot be read or decoded.

        With `anew` an object that is kept is read all the same, so that a caller who may not is refused.
        """
        key = (stored.bucket, stored.key, stored.etag, tuple(columns))
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
        if kept is not None and not anew:
            return kept
        body = objects.read(stored)
        if kept is not None:
            return kept
        try:
            table = read(body, stored.key, columns)
        except (ValueError, OSError, EOFError, zlib.error) as error:
            raise QueryError(
                f"HIVE_CURSOR_ERROR: Failed to read file at {stored.uri}: {error}", 2, errors.DATA
            ) from error
        self._keep(key, table)
        return table

    def _keep(self, key: _Key, table: pa.Table) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = table
                self._bytes += table.nbytes
            while self._kept and (self._bytes > MAX_BYTES or len(self._kept) > MAX_OBJECTS):
                self._bytes -= self._kept.popitem(last=False)[1].nbytes


def _unpacked(body: bytes, key: str) -> bytes:
    codec = f".{key.rpartition('.')[2]}"
    if codec in _OTHER_CODECS:
        raise ValueError(f"compression {codec} is not supported by this emulator")
    return _UNPACKED.get(codec, bytes)(body)
