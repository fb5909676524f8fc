"""The write log by itself, written and rotated; `test_logreader.py` reads it again."""

import os
from pathlib import Path

import pytest

from emulator.timestream import writelog
from emulator.timestream.logreader import LogReader
from emulator.timestream.writelog import FILE_HEADER, WriteLog, segment_path, segments

STORE = b"sixteen bytes id"


def entries(directory: Path, segment: int = 0, offset: int = 0) -> list[bytes]:
    """What a store finds in its log."""
    return list(LogReader(directory, STORE, segment, offset).entries())


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    """Entries that were appended are read again from any position, empty entries included."""
    log = WriteLog(tmp_path, STORE, 0, fsync=False)
    log.append(b"one")
    segment, offset = log.position
    log.append(b"t", b"w", b"o")
    log.append(b"")
    log.close()
    assert entries(tmp_path) == [b"one", b"two", b""]
    assert entries(tmp_path, segment, offset) == [b"two", b""]


def test_long_segment_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotated log goes on in a new file, and reading from the old position finds the new entries."""
    monkeypatch.setattr(writelog, "_ROTATE_BYTES", 10)
    log = WriteLog(tmp_path, STORE, 0, fsync=True)
    log.append(b"long enough")
    position = log.position
    log.rotate()
    log.append(b"new")
    log.settle(log.position)
    log.close()
    assert segments(tmp_path) == [1]
    assert entries(tmp_path, *position) == [b"new"]


def test_a_segment_that_cannot_be_begun_leaves_the_old_one_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk without room for a new file's first bytes costs nothing: the log stays in its old file."""
    monkeypatch.setattr(writelog, "_ROTATE_BYTES", 10)
    log = WriteLog(tmp_path, STORE, 0, fsync=False)
    log.append(b"long enough")
    with monkeypatch.context() as broken:
        broken.setattr(os, "write", lambda _file, content: len(content) - 1)
        with pytest.raises(OSError, match="begun"):
            log.rotate()
    log.append(b"still here")
    log.close()
    assert segments(tmp_path) == [0]
    assert entries(tmp_path) == [b"long enough", b"still here"]


def test_waiting_for_the_disk_covers_what_others_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One flush of the disk settles every entry before it; without fsync there is none."""
    log = WriteLog(tmp_path, STORE, 0, fsync=True)
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    log.append(b"one")
    first = log.position
    log.append(b"two")
    log.settle(log.position)
    log.settle(first)
    assert len(flushed) == 1
    log.close()
    careless = WriteLog(tmp_path, STORE, 1, fsync=False)
    careless.append(b"one")
    careless.settle(careless.position)
    careless.close()
    assert len(flushed) == 1


def test_failed_append_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves the log as it was."""
    log = WriteLog(tmp_path, STORE, 0, fsync=False)
    log.append(b"one")
    real = os.writev
    monkeypatch.setattr(os, "writev", lambda file, parts: real(file, parts[:1]))
    with pytest.raises(OSError, match="in part"):
        log.append(b"two")
    monkeypatch.undo()
    log.append(b"three")
    log.close()
    assert entries(tmp_path) == [b"one", b"three"]


def test_a_log_is_gone_on_with(tmp_path: Path) -> None:
    """What is appended after a restart follows what was there, below one header."""
    for text in (b"one", b"two"):
        log = WriteLog(tmp_path, STORE, 0, fsync=False)
        log.append(text)
        log.close()
    assert entries(tmp_path, 0, FILE_HEADER.size) == [b"one", b"two"]
    assert segment_path(tmp_path, 0).stat().st_mode & 0o777 == 0o600
