"""Keys and data of records in files: a stream keeps a day of them, which would be gigabytes of memory under load."""

import os
import tempfile
import weakref
from array import array
from pathlib import Path

_SEGMENT_BYTES = 64 * 1024 * 1024


class RecordFiles:
    """Pairs of texts in the order they came, in files without names, each gone when all in it is forgotten."""

    def __init__(self, segment_bytes: int = _SEGMENT_BYTES) -> None:
        self._segment_bytes = segment_bytes
        self._segments: list[_Segment] = []
        self._offsets, self._key_bytes, self._data_bytes = array("q"), array("i"), array("i")

    def append(self, key: str, data: str) -> None:
        """Add a pair behind the others; OSError if the disk has no room, which leaves all as it was."""
        encoded_key, encoded = key.encode("utf-8", "surrogatepass"), data.encode()
        if not self._segments or self._segments[-1].end >= self._segment_bytes:
            self._segments.append(_Segment())
        self._offsets.append(self._segments[-1].append(encoded_key + encoded))
        self._key_bytes.append(len(encoded_key))
        self._data_bytes.append(len(encoded))

    def read(self, place: int) -> tuple[str, str]:
        """The pair at a place among those that are not forgotten."""
        length = self._key_bytes[place]
        entry = self._segment_of(place).read(self._offsets[place], length + self._data_bytes[place])
        return entry[:length].decode("utf-8", "surrogatepass"), entry[length:].decode()

    def forget(self, count: int) -> None:
        """Let the first `count` pairs go."""
        for column in (self._offsets, self._key_bytes, self._data_bytes):
            del column[:count]
        while count and count >= self._segments[0].count:
            count -= self._segments.pop(0).count
        if count:
            self._segments[0].count -= count

    def _segment_of(self, place: int) -> "_Segment":
        for segment in self._segments:
            if place < segment.count:
                return segment
            place -= segment.count
        raise IndexError("no record is there")


class _Segment:
    """A file without a name, closed when nobody has it any more; `count` are its pairs that are not forgotten."""

    def __init__(self) -> None:
        self._file, path = tempfile.mkstemp(prefix="records-")
        Path(path).unlink()
        weakref.finalize(self, os.close, self._file)
        self.count = self.end = 0

    def append(self, entry: bytes) -> int:
        """Add an entry; its offset."""
        if os.pwrite(self._file, entry, self.end) != len(entry):
            raise OSError("the disk has no room for a record")
        self.count += 1
        self.end += len(entry)
        return self.end - len(entry)

    def read(self, offset: int, length: int) -> bytes:
        """The bytes at an offset."""
        return os.pread(self._file, length, offset)
