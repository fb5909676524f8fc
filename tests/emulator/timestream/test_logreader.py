"""The write log read again: torn tails are dropped, everything else that is wrong is told or salvaged."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.timestream.logreader import DamagedLogError, LogReader
from emulator.timestream.writelog import ENTRY_HEADER, FILE_HEADER, WriteLog, segment_path, segments

STORE = b"sixteen bytes id"
TEXTS = [b'{"number": %d, "padding": "%s"}' % (number, b"x" * number) for number in range(20)]
STARTS = [
    FILE_HEADER.size + sum(ENTRY_HEADER.size + len(text) for text in TEXTS[:number]) for number in range(21)
]


def written(directory: Path, *, segment: int = 0, store: bytes = STORE) -> Path:
    """The file of a segment that holds the twenty texts."""
    log = WriteLog(directory, store, segment, fsync=False)
    for text in TEXTS:
        log.append(text)
    log.close()
    return segment_path(directory, segment)


def read(directory: Path, segment: int = 0, offset: int = 0) -> list[bytes]:
    """The entries from a position on, or DamagedLogError."""
    return list(LogReader(directory, STORE, segment, offset).entries())


def salvaged(directory: Path, segment: int = 0, offset: int = 0) -> tuple[list[bytes], LogReader]:
    """The entries that are whole in spite of everything."""
    reader = LogReader(directory, STORE, segment, offset, salvage=True)
    return list(reader.entries()), reader


@pytest.mark.parametrize("size", range(STARTS[19] + 1, STARTS[20]))
def test_a_torn_entry_is_cut_off(tmp_path: Path, size: int) -> None:
    """However little of the last entry is there, those before it stay, and new ones follow them."""
    os.truncate(written(tmp_path), size)
    assert read(tmp_path) == TEXTS[:19]
    log = WriteLog(tmp_path, STORE, 0, fsync=False)
    log.append(b"new")
    log.close()
    assert read(tmp_path) == [*TEXTS[:19], b"new"]


@pytest.mark.parametrize("zeros", [1, 3, 4, 12, 4096])
def test_zeros_at_the_end_are_cut_off(tmp_path: Path, zeros: int) -> None:
    """The zeros that a file system leaves behind the last entry when the power goes are no entry."""
    path = written(tmp_path)
    with path.open("ab") as file:
        file.write(bytes(zeros))
    assert read(tmp_path) == TEXTS
    assert path.stat().st_size == STARTS[20]


def test_an_entry_that_ends_in_zeros_is_cut_off(tmp_path: Path) -> None:
    """An entry of which the disk got the beginning and the length alone was never acknowledged."""
    path = written(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:-9] + bytes(9))
    assert read(tmp_path) == TEXTS[:19]


@given(st.data())
def test_one_flipped_bit_never_costs_a_write_in_silence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Wherever a bit is wrong in what was acknowledged, the reader says where, and changes nothing."""
    path = written(tmp_path_factory.mktemp("log"))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    with pytest.raises(DamagedLogError, match=str(path)):
        read(path.parent)
    assert path.read_bytes() == content


@pytest.mark.parametrize("number", range(20))
def test_damage_in_the_middle_says_where_and_how_much_follows(tmp_path: Path, number: int) -> None:
    """The message names the byte at which the damaged entry begins, and the whole ones behind it."""
    path = written(tmp_path)
    content = bytearray(path.read_bytes())
    content[STARTS[number] + ENTRY_HEADER.size + 3] ^= 4
    path.write_bytes(content)
    follow = f"{19 - number} whole writes follow" if number < 19 else "nothing whole follows"
    with pytest.raises(DamagedLogError, match=f"damaged at byte {STARTS[number]}: .* {follow}"):
        read(tmp_path)


def test_salvaging_loses_what_is_damaged_alone(tmp_path: Path) -> None:
    """All other entries come, the log goes on in a new file, and the damaged one is kept under another name."""
    path = written(tmp_path)
    content = bytearray(path.read_bytes())
    for number in (3, 4, 11):
        content[STARTS[number] + ENTRY_HEADER.size] ^= 4
    path.write_bytes(content)
    found, reader = salvaged(tmp_path)
    assert found == [text for number, text in enumerate(TEXTS) if number not in {3, 4, 11}]
    assert len(reader.lost) == 2
    assert reader.next_segment() == 1
    reader.put_aside()
    assert (tmp_path / f"{path.name}.damaged").read_bytes() == content
    assert segments(tmp_path) == []


def test_zeros_before_whole_entries_are_damage(tmp_path: Path) -> None:
    """Zeros that a write follows are no torn tail."""
    path = written(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: STARTS[5]] + bytes(STARTS[9] - STARTS[5]) + content[STARTS[9] :])
    with pytest.raises(DamagedLogError, match="no entry begins there"):
        read(tmp_path)


def _remove(directory: Path) -> None:
    segment_path(directory, 7).unlink()


def _shorten(directory: Path) -> None:
    os.truncate(segment_path(directory, 7), STARTS[2])


def _swap(directory: Path) -> None:
    written(directory, segment=8).rename(segment_path(directory, 7))


def _replace(directory: Path) -> None:
    segment_path(directory, 7).unlink()
    written(directory, segment=7, store=b"another store id")


def _blank(directory: Path) -> None:
    path = segment_path(directory, 7)
    path.write_bytes(bytes(path.stat().st_size))


def _text(directory: Path) -> None:
    segment_path(directory, 7).write_text('{"this": "is no log"}' * 40)


def _gap(directory: Path) -> None:
    written(directory, segment=9)


def _garbage(directory: Path) -> None:
    with segment_path(directory, 7).open("ab") as file:
        file.write(random.Random(4).randbytes(4000) + b"}")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_remove, "is missing"),
        (_shorten, "ends at byte .* it was cut, or is another file"),
        (_swap, "another segment"),
        (_replace, "another data folder"),
        (_blank, "does not begin as a write log"),
        (_text, "does not begin as a write log"),
        (_gap, "is missing between two others"),
        (_garbage, "no entry begins there"),
    ],
)
def test_files_that_are_not_the_stores_are_refused(
    tmp_path: Path, harm: Callable[[Path], None], words: str
) -> None:
    """A missing, cut, swapped, foreign, blank or senseless file has a message of its own; salvaging goes on without."""
    written(tmp_path, segment=7)
    harm(tmp_path)
    with pytest.raises(DamagedLogError, match=words):
        read(tmp_path, 7, STARTS[3])
    found, reader = salvaged(tmp_path, 7, STARTS[3])
    assert set(found) <= set(TEXTS)
    assert len(reader.lost) == 1


@pytest.mark.parametrize("content", [b"", bytes(100), b"TDGLOG01six"])
def test_a_file_that_was_only_begun_is_no_damage(tmp_path: Path, content: bytes) -> None:
    """A new segment that the power cut short had no entry yet: the log goes on behind it."""
    segment_path(tmp_path, 3).write_bytes(content)
    reader = LogReader(tmp_path, STORE, 2, 500)
    assert list(reader.entries()) == []
    assert reader.next_segment() == 4


def test_a_log_of_an_earlier_version_that_was_used_up_is_left(tmp_path: Path) -> None:
    """A file without our beginning, all of which is in the tables, is not read and not added to."""
    segment_path(tmp_path, 2).write_bytes(b"\x07\0\0\0sum.payload")
    reader = LogReader(tmp_path, STORE, 2, 15)
    assert list(reader.entries()) == []
    assert reader.next_segment() == 3
    with pytest.raises(DamagedLogError, match="of this version"):
        read(tmp_path, 2, 4)
