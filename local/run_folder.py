"""The temporary folder of a run: everything temporary is in it, and the next run takes away what a killed one left."""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from local.lock import PathLock

_PREFIX = "tidegauge-run-"


@contextlib.contextmanager
def run_folder() -> Iterator[Path]:
    """A folder until the end, in which this process and its children have their temporary files."""
    where = Path(tempfile.gettempdir())
    _sweep(where)
    # The lock is taken before the folder is made, so no other run sees one without.
    lock = PathLock.take(where / f"{_PREFIX}{secrets.token_hex(6)}")
    if lock is None:
        raise AssertionError("a name of 48 random bits is in use")
    before = os.environ.get("TMPDIR")
    try:
        lock.path.mkdir(mode=0o700)
        os.environ["TMPDIR"] = tempfile.tempdir = str(lock.path)
        yield lock.path
    finally:
        tempfile.tempdir = str(where)
        if before is None:
            os.environ.pop("TMPDIR", None)
        else:
            os.environ["TMPDIR"] = before
        shutil.rmtree(lock.path, ignore_errors=True)
        lock.free()


def _sweep(where: Path) -> None:
    """Take away the folders of runs that are no more: ours, and whose lock nobody holds."""
    for sign in where.glob(f".{_PREFIX}*.lock"):
        with contextlib.suppress(OSError):
            if sign.stat().st_uid != os.getuid():
                continue
            lock = PathLock.take(where / sign.name.removeprefix(".").removesuffix(".lock"))
            if lock is not None:
                shutil.rmtree(lock.path, ignore_errors=True)
                lock.free()
