"""The log that makes a write last before it reaches the tables."""

import os
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

_HEADER = struct.Struct("<II")  # length and CRC-32 of the entry
_ROTATE_BYTES = 8 * 1024 * 1024


class WriteLog:
    """Entries in files `writes-<segment>.log`, each entry whole or not at all.

    An entry is in the operating system's hands when `append` returns, so it outlives this process however that ends.
    With `fsync`, `settle` also waits until the disk has it; calls that wait at the same time share one flush.
    """

    def __init__(self, directory: Path, segment: int, *, fsync: bool) -> None:
        self._directory = directory
        self._fsync = fsync
        self._synced = (segment, 0)
        self._sync_lock = threading.Lock()
        self._open(segment)

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
            written = os.writev(self._file, [_HEADER.pack(length, checksum), *parts])
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        if written != _HEADER.size + length:
            os.ftruncate(self._file, self._end)
            raise OSError("the write log could take an entry only in part")
        self._end += written

    def settle(self, position: tuple[int, int]) -> None:
        """Wait until the entries before `position` are as safe as this log promises."""
        if not self._fsync:
            return
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
            os.close(self._file)
            old = self.segment
            self._open(old + 1)
            _path(self._directory, old).unlink()

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)

    def _open(self, segment: int) -> None:
        self.segment = segment
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(_path(self._directory, segment), flags, 0o600)
        self._end = os.fstat(self._file).st_size


def replay(directory: Path, segment: int, offset: int) -> Iterator[bytes]:
    """The entries from a position on, in order; what follows the last whole entry is cut off."""
    for path in sorted(directory.glob("writes-*.log")):
        number = int(path.stem.removeprefix("writes-"))
        if number < segment:
            path.unlink()
        else:
            yield from _entries(path, offset if number == segment else 0)


def last_segment(directory: Path, segment: int) -> int:
    """The newest segment there is, at least `segment`."""
    found = [int(path.stem.removeprefix("writes-")) for path in directory.glob("writes-*.log")]
    return max([segment, *found])


def _entries(path: Path, offset: int) -> Iterator[bytes]:
    with path.open("r+b") as file:
        file.seek(offset)
        while True:
            header = file.read(_HEADER.size)
            length, checksum = _HEADER.unpack(header) if len(header) == _HEADER.size else (-1, 0)
            entry = file.read(length) if length >= 0 else b""
            if len(entry) != length or zlib.crc32(entry) != checksum:
                # Torn by the end of the process: nobody was told that this entry is safe.
                file.truncate(offset)
                return
            offset += _HEADER.size + length
            yield entry


def _path(directory: Path, segment: int) -> Path:
    return directory / f"writes-{segment:010d}.log"
