"""The write log, read again when the server starts: what is torn is dropped, anything else is told."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from emulator.timestream.writelog import (
    ENTRY_HEADER,
    ENTRY_MARK,
    FILE_HEADER,
    FILE_MARK,
    file_header,
    segment_path,
    segments,
)


class DamagedLogError(Exception):
    """The log cannot be what this store wrote; the text says which file, where in it, and what is wrong there."""


@dataclass
class LogReader:
    """The entries that a store wrote behind a position; the position is one that its tables have reached.

    The last write of a process that was killed, or of a machine that lost its power, may be torn: nobody was told that
    it is safe, so it is cut off. Everything else that is not as it was written is a `DamagedLogError`, unless
    `salvage` asks for what is whole in spite of it: then `lost` tells what is not, and the files stay, beside the log.
    """

    directory: Path
    store: bytes
    segment: int
    offset: int
    salvage: bool = False
    lost: list[str] = field(default_factory=list)
    _damaged: set[Path] = field(default_factory=set)
    _foreign: bool = False
    _reading: Path = Path()

    def entries(self) -> Iterator[bytes]:
        """The entries in order. Raises DamagedLogError before the first one that cannot be believed."""
        there = segments(self.directory)
        for number in there:
            if number < self.segment:
                segment_path(self.directory, number).unlink()
        there = [number for number in there if number >= self.segment]
        self._check_gaps(there)
        for number in there:
            first = self.offset if number == self.segment else 0
            yield from self._entries(number, first, newest=number == there[-1])

    def reject(self, wrong: str) -> None:
        """Say that the entry last given cannot be this store's: DamagedLogError, or a loss that is told."""
        self._damage(self._reading, wrong)

    def next_segment(self) -> int:
        """The segment that the log goes on in: the newest one, or one of its own behind what is not to be added to."""
        newest = max([self.segment, *segments(self.directory)])
        return newest + 1 if self._damaged or self._foreign else newest

    def put_aside(self) -> None:
        """Give the damaged files another name, once what was whole in them is in the tables."""
        for path in self._damaged:
            path.rename(path.with_name(f"{path.name}.damaged"))

    def _check_gaps(self, there: list[int]) -> None:
        # A file is gone for good reason if all of it is in the tables, and then the next one has been begun.
        if self.offset and there[:1] not in ([self.segment], [self.segment + 1]):
            missing = segment_path(self.directory, self.segment)
            self._damage(missing, "is missing", damaged_file=False)
        for before, after in pairwise(there):
            if after != before + 1:
                missing = segment_path(self.directory, before + 1)
                self._damage(missing, "is missing between two others", damaged_file=False)

    def _entries(self, number: int, first: int, *, newest: bool) -> Iterator[bytes]:
        path = self._reading = segment_path(self.directory, number)
        content = path.read_bytes()
        if first > len(content):
            end = f"ends at byte {len(content)}, but the tables have what stood before byte {first}"
            self._damage(path, f"{end}: it was cut, or is another file")
            return
        place = first
        header = file_header(self.store, number)
        if not content.startswith(header):
            self._judge_beginning(path, content, first, newest=newest)
            return
        if not place:
            place = FILE_HEADER.size
        while place < len(content):
            entry = _entry_at(content, place)
            if entry is not None:
                yield entry
                place += ENTRY_HEADER.size + len(entry)
            elif newest and _is_torn(content, place):
                with path.open("r+b") as file:
                    file.truncate(place)
                return
            else:
                following = _next_entry(content, place + 1)
                whole = _whole_entries(content, following)
                self._damage(
                    path,
                    f"is damaged at byte {place}: {_fault_of(content, place)}, and "
                    + (f"{whole} whole writes follow" if whole else "nothing whole follows"),
                )
                place = len(content) if following is None else following

    def _judge_beginning(self, path: Path, content: bytes, first: int, *, newest: bool) -> None:
        """Take a file without our beginning for one that has nothing to read, or for damage."""
        begun = file_header(self.store, int(path.stem.removeprefix("writes-"))).startswith(content)
        if not first and newest and (begun or not content.strip(b"\0")):
            self._foreign = True  # begun when the power went: nothing is known to have been in it
            return
        if first == len(content) and not content.startswith(FILE_MARK):
            self._foreign = True  # of an earlier version; all of it is in the tables
            return
        if not content.startswith(FILE_MARK):
            wrong = "does not begin as a write log of this version does"
        elif content[8:24] != self.store:
            wrong = "is the write log of another data folder"
        else:
            wrong = "is the write log of another segment, or its first bytes are damaged"
        self._damage(path, wrong)

    def _damage(self, path: Path, wrong: str, *, damaged_file: bool = True) -> None:
        if not self.salvage:
            raise DamagedLogError(f"{path} {wrong}")
        if damaged_file:
            self._damaged.add(path)
        self.lost.append(f"{path.name} {wrong}")


def _entry_at(content: bytes, place: int) -> bytes | None:
    """The whole entry that begins there; None if there is none."""
    begin = place + ENTRY_HEADER.size
    if begin > len(content):
        return None
    mark, length, checksum = ENTRY_HEADER.unpack_from(content, place)
    entry = content[begin : begin + length]
    sound = mark == ENTRY_MARK and len(entry) == length and zlib.crc32(entry) == checksum
    return entry if sound else None


def _is_torn(content: bytes, place: int) -> bool:
    """True if a write that never ended may have left this at the end of the file.

    Killed within a write, a process leaves the beginning of an entry. Without power, the file may have its length and
    zeros where the entry should be, from some place on; no entry ends with a zero.
    """
    rest = content[place:]
    if _next_entry(content, place + 1) is not None:
        return False
    solid = rest.rstrip(b"\0")
    if len(solid) < len(rest):
        return len(solid) < ENTRY_HEADER.size or rest.startswith(ENTRY_MARK)
    if len(rest) < ENTRY_HEADER.size:
        return ENTRY_MARK.startswith(rest[:4]) or rest.startswith(ENTRY_MARK)
    mark, length, checksum = ENTRY_HEADER.unpack_from(rest)
    beginning = rest[ENTRY_HEADER.size :]
    # If the bytes that are there are what was summed, it is the length that is damaged.
    return bool(mark == ENTRY_MARK and len(beginning) < length and zlib.crc32(beginning) != checksum)


def _next_entry(content: bytes, place: int) -> int | None:
    """The place of the first whole entry from there on; None if there is none."""
    while (place := content.find(ENTRY_MARK, place)) >= 0:
        if _entry_at(content, place) is not None:
            return place
        place += 1
    return None


def _whole_entries(content: bytes, place: int | None) -> int:
    count = 0
    while place is not None and (entry := _entry_at(content, place)) is not None:
        count += 1
        place = _next_entry(content, place + ENTRY_HEADER.size + len(entry))
    return count


def _fault_of(content: bytes, place: int) -> str:
    if not content[place:].strip(b"\0"):
        return "it has zeros where an entry should be"
    if not content.startswith(ENTRY_MARK, place):
        return "no entry begins there"
    return "the entry there is not what was written"
