"""The log that makes a write last before it reaches the tables."""

import os
import struct
import threading
import zlib
from pathlib import Path
from typing import Final

# A file begins with the kind and version of its contents, the store that it belongs to, its own number, and a checksum
# of these; an entry with a mark that no text has (so that whole entries are found behind damage), its length and
# CRC-32.
FILE_MARK: Final = b"TDGLOG01"
FILE_HEADER: Final = struct.Struct("<8s16sQI")
ENTRY_MARK: Final = b"\xfeE\xff\xfe"
ENTRY_HEADER: Final = struct.Struct("<4sII")
_ROTATE_BYTES = 8 * 1024 * 1024


def segment_path(directory: Path, segment: int) -> Path:
    """The file of a segment."""
    return directory / f"writes-{segment:010d}.log"


def segments(directory: Path) -> list[int]:
    """The numbers of the segments that there are, in order."""
    return sorted(int(path.stem.removeprefix("writes-")) for path in directory.glob("writes-*.log"))


class WriteLog:
    """Entries in files `writes-<segment>.log`, each entry whole or not at all.

    An entry is in the operating system's hands when `append` returns, so it outlives this process however that ends.
    With `fsync`, `settle` also waits until the disk has it; calls that wait at the same time share one flush.
    """

    def __init__(self, directory: Path, store: bytes, segment: int, *, fsync: bool) -> None:
        self._directory = directory
        self._store = store
        self._fsync = fsync
        self._sync_lock = threading.Lock()
        self._open(segment)
        self._synced = (segment, 0)

    @property
    def position(self) -> tuple[int, int]:
        """The segment and the offset behind the last entry."""
        return self.segment, self._end

    def append(self, *parts: bytes) -> None:
        """Add one entry; on failure the log is as before."""
        checksum = 0
        for part in parts:
            checksum = zlib.crc32(part, checksum)
        length = sum(map(len, parts))
        try:
            written = os.writev(self._file, [ENTRY_HEADER.pack(ENTRY_MARK, length, checksum), *parts])
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        if written != ENTRY_HEADER.size + length:
            os.ftruncate(self._file, self._end)
            raise OSError("the write log could take an entry only in part")
        self._end += written

    def settle(self, position: tuple[int, int]) -> None:
        """Wait until the entries before `position` are as safe as this log promises."""
        if self._fsync:
            self.sync(position)

    def sync(self, position: tuple[int, int]) -> None:
        """Wait until the disk has the entries before `position`."""
        with self._sync_lock:
            if self._synced >= position:
                return
            # Entries that others appended meanwhile go along. Those of an older segment are in the tables already.
            reached = self.position
            os.fsync(self._file)
            self._synced = reached

    def rotate(self) -> None:
        """Begin a new segment if this one is long; every entry must have reached the tables."""
        if self._end < _ROTATE_BYTES:
            return
        with self._sync_lock:
            old, file = self.segment, self._file
            self._open(old + 1)
            os.close(file)
            segment_path(self._directory, old).unlink()

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)

    def _open(self, segment: int) -> None:
        """Go on in a segment, or begin it; OSError changes nothing."""
        path = segment_path(self._directory, segment)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        end = os.fstat(file).st_size
        if not end:
            try:
                end = _begin(file, file_header(self._store, segment))
                if self._fsync:
                    os.fsync(file)
                    _sync_folder(self._directory)
            except OSError:
                os.close(file)
                path.unlink()
                raise
        self.segment, self._file, self._end = segment, file, end


def _begin(file: int, header: bytes) -> int:
    """The offset behind the header of a new file; OSError if it could not be written whole."""
    if os.write(file, header) != len(header):
        raise OSError("the write log could not be begun")
    return len(header)


def file_header(store: bytes, segment: int) -> bytes:
    """The first bytes of a segment's file."""
    fields = FILE_MARK, store, segment
    return FILE_HEADER.pack(*fields, zlib.crc32(FILE_HEADER.pack(*fields, 0)))


def _sync_folder(directory: Path) -> None:
    """Make a new file's name last."""
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
