"""Locks that end with their holder."""

import subprocess
import sys
from pathlib import Path

from local.lock import PathLock
from tests.support.local_run import ROOT

HOLD = """
import sys
from pathlib import Path
from local.lock import PathLock
assert PathLock.take(Path(sys.argv[1])) is not None
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_is_one_holders_until_it_is_freed(tmp_path: Path) -> None:
    """A second taker gets nothing, whatever folder has to be made; once it is free, no file is left."""
    path = tmp_path / "folder" / "lock"
    held = PathLock.take(path)
    assert held is not None
    assert PathLock.take(path) is None
    held.free()
    assert list(path.parent.iterdir()) == []
    assert PathLock.take(path) is not None


def test_the_first_path_that_is_free_is_taken(tmp_path: Path) -> None:
    """Of several paths it is the first that nobody holds; with all of them held there is none."""
    paths = [tmp_path / name for name in ("a", "b")]
    taken = [PathLock.take(*paths) for _ in range(3)]
    assert [lock and lock.path for lock in taken] == [*paths, None]


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    """The next taker has it, though nobody freed it."""
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert PathLock.take(path) is None
        holder.kill()
    assert PathLock.take(path) is not None


def test_a_lock_whose_sign_was_taken_away_leaves_another_ones_alone(tmp_path: Path) -> None:
    """After `make clean` in a run, a second run has a lock of that name; the first one's end does not free it."""
    path = tmp_path / "lock"
    first = PathLock.take(path)
    (sign,) = tmp_path.iterdir()
    sign.unlink()
    second = PathLock.take(path)
    assert first is not None
    assert second is not None
    assert (first.in_force, second.in_force) == (False, True)
    first.free()
    assert PathLock.take(path) is None
