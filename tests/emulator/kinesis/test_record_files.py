"""Records in files: what is read is what was written, and what is forgotten takes no room."""

import os
from pathlib import Path

import pytest

from emulator.kinesis.record_files import RecordFiles


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_pairs_are_read_back_across_files() -> None:
    """A pair lies whole in one of many files, whatever was forgotten before it."""
    files = RecordFiles(segment_bytes=50)
    pairs = [(f"key-ü-{number}", "data" * (number % 7)) for number in range(40)]
    for pair in pairs:
        files.append(*pair)
    for _ in range(13):
        assert [files.read(place) for place in range(len(pairs))] == pairs
        files.forget(3)
        pairs = pairs[3:]
    with pytest.raises(IndexError):
        files.read(len(pairs))


def test_a_file_goes_with_the_last_pair_in_it() -> None:
    """When all is forgotten, no file is open, and new pairs begin another."""
    before = _open_files()
    files = RecordFiles(segment_bytes=10)
    for _ in range(8):
        files.append("k", "0123456789")
    assert _open_files() == before + 8
    files.forget(3)
    assert _open_files() == before + 5
    files.forget(5)
    assert _open_files() == before
    files.append("k", "new")
    assert files.read(0) == ("k", "new")


def test_a_full_disk_loses_no_other_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair that could be written only in part is not there, and the next one is whole."""
    files = RecordFiles()
    files.append("a", "one")
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", lambda *_: 1)
        with pytest.raises(OSError, match="no room"):
            files.append("b", "two")
    files.append("c", "three")
    assert [files.read(place) for place in range(2)] == [("a", "one"), ("c", "three")]
