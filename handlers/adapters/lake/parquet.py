"""The number of rows that a Parquet file says it has, from its last bytes and without a library of fifty megabytes.

A file ends in its metadata, their length in four bytes, and `PAR1`; the metadata are a struct in Thrift's compact
protocol, of which the third field is the number of rows: https://parquet.apache.org/docs/file-format/metadata/
"""

from collections.abc import Iterator

from handlers.domain.exports.manifest import Mismatch
from handlers.domain.exports.ports import ExportBucket

_MAGIC = b"PAR1"
_TRAILER = 4 + len(_MAGIC)
_USUAL = 64 * 1024
_ROWS_FIELD = 3
# Types of Thrift's compact protocol: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
_STOP, _BYTE, _BINARY, _STRUCT = 0, 3, 8, 12
_FLAGS, _INTEGERS, _LISTS = (1, 2), (4, 5, 6), (9, 10)
# Values of a fixed number of bytes. A flag's value is its type; as one of a list it is a byte.
_WIDTHS = {1: 0, 2: 0, _BYTE: 1, 7: 8}


def row_count(key: str, bucket: ExportBucket) -> tuple[int, int]:
    """The rows and the bytes of a file; `Mismatch` if it is none, or is cut off."""
    end, size = bucket.end_of(key, _USUAL)
    length = int.from_bytes(end[-_TRAILER : -len(_MAGIC)], "little")
    if not end.endswith(_MAGIC) or not 0 < length <= size - _TRAILER:
        raise Mismatch(f"{key} is not a whole Parquet file")
    if length + _TRAILER > len(end):
        end, _ = bucket.end_of(key, length + _TRAILER)
    try:
        return _Metadata(end[-length - _TRAILER : -_TRAILER]).rows(), size
    except (IndexError, ValueError) as error:
        raise Mismatch(f"{key} has no Parquet metadata: {error}") from error


class _Metadata:
    """A struct in the compact protocol, read from its beginning. What is cut off raises IndexError."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def rows(self) -> int:
        """The third field's value; ValueError if there is none."""
        for field, kind in self._fields():
            if field == _ROWS_FIELD and kind in _INTEGERS:
                number = self._varint()
                return (number >> 1) ^ -(number & 1)
            self._skip(kind)
        raise ValueError("the number of rows is missing")

    def _fields(self) -> Iterator[tuple[int, int]]:
        """Number and type of each field; its value is to be read before the next is asked for."""
        field = 0
        while (head := self._byte()) != _STOP:
            number = self._varint() if not head >> 4 else 0
            field = field + (head >> 4) if head >> 4 else (number >> 1) ^ -(number & 1)
            yield field, head & 15

    def _skip(self, kind: int) -> None:
        if kind in _INTEGERS:
            self._varint()
        elif kind == _BINARY:
            self._pass(self._varint())
        elif kind == _STRUCT:
            for _, inner in self._fields():
                self._skip(inner)
        elif kind in _LISTS:
            head = self._byte()
            count = self._varint() if head >> 4 == 15 else head >> 4
            for _ in range(count):
                self._skip(_BYTE if head & 15 in _FLAGS else head & 15)
        elif kind in _WIDTHS:
            self._pass(_WIDTHS[kind])
        else:
            raise ValueError(f"a field of type {kind}")

    def _pass(self, count: int) -> None:
        self._at += count
        if self._at > len(self._data):
            raise IndexError("they are cut off")

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]
