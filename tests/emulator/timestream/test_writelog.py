"""The write log by itself."""

import os
from pathlib import Path

import pytest

from emulator.timestream import writelog
from emulator.timestream.writelog import WriteLog, last_segment, replay


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    """Entries that were appended are read again from any position, empty entries included."""
    log = WriteLog(tmp_path, 0, fsync=False)
    log.append(b"one")
    segment, offset = log.position
    log.append(b"t", b"w", b"o")
    log.append(b"")
    log.close()
    assert list(replay(tmp_path, 0, 0)) == [b"one", b"two", b""]
    assert list(replay(tmp_path, segment, offset)) == [b"two", b""]


@pytest.mark.parametrize("cut", range(1, 12))
def test_torn_entry_is_cut_off(tmp_path: Path, cut: int) -> None:
    """However much of the last entry is missing, the ones before stay and new ones follow them."""
    log = WriteLog(tmp_path, 0, fsync=False)
    log.append(b"one")
    log.append(b"two!")
    log.close()
    (path,) = tmp_path.iterdir()
    os.truncate(path, path.stat().st_size - cut)
    assert list(replay(tmp_path, 0, 0)) == [b"one"]
    log = WriteLog(tmp_path, 0, fsync=True)
    log.append(b"three")
    log.settle(log.position)
    log.close()
    assert list(replay(tmp_path, 0, 0)) == [b"one", b"three"]


def test_damaged_entry_is_not_believed(tmp_path: Path) -> None:
    """An entry whose bytes changed ends the log."""
    log = WriteLog(tmp_path, 0, fsync=False)
    log.append(b"one")
    log.append(b"two")
    log.close()
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert list(replay(tmp_path, 0, 0)) == [b"one"]


def test_long_segment_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotated log goes on in a new file, and reading from the old position finds the new entries."""
    monkeypatch.setattr(writelog, "_ROTATE_BYTES", 10)
    log = WriteLog(tmp_path, 0, fsync=True)
    log.append(b"long enough")
    position = log.position
    log.rotate()
    log.append(b"new")
    log.settle(log.position)
    log.close()
    assert len(list(tmp_path.iterdir())) == 1
    assert last_segment(tmp_path, 0) == 1
    assert list(replay(tmp_path, *position)) == [b"new"]


def test_waiting_for_the_disk_covers_what_others_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One flush of the disk settles every entry before it; without fsync there is none."""
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    log = WriteLog(tmp_path, 0, fsync=True)
    log.append(b"one")
    first = log.position
    log.append(b"two")
    log.settle(log.position)
    log.settle(first)
    assert len(flushed) == 1
    log.close()
    careless = WriteLog(tmp_path, 1, fsync=False)
    careless.append(b"one")
    careless.settle(careless.position)
    careless.close()
    assert len(flushed) == 1


def test_failed_append_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves the log as it was."""
    log = WriteLog(tmp_path, 0, fsync=False)
    log.append(b"one")
    real = os.writev
    monkeypatch.setattr(os, "writev", lambda file, parts: real(file, parts[:1]))
    with pytest.raises(OSError, match="in part"):
        log.append(b"two")
    monkeypatch.undo()
    log.append(b"three")
    log.close()
    assert list(replay(tmp_path, 0, 0)) == [b"one", b"three"]
