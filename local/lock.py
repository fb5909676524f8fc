"""Locks of files and folders: held by one process for as long as it lives, however it ends."""

import fcntl
import os
from pathlib import Path
from typing import Self


class PathLock:
    """An exclusive lock of what stands at `path`, there or not; the system frees it when its process ends, even killed.

    Its sign is a hidden file beside the path.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self._descriptor = path, descriptor

    @classmethod
    def take(cls, *paths: Path) -> Self | None:
        """The lock of the first of these paths that no other process holds, or None. Raises OSError."""
        return next((lock for path in paths if (lock := cls._take(path)) is not None), None)

    @property
    def in_force(self) -> bool:
        """True unless somebody took its sign away, so that another may hold the path by now."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), _sign(self.path).stat())
        except FileNotFoundError:
            return False

    def free(self) -> None:
        """Let others have it."""
        if self.in_force:
            _sign(self.path).unlink()
        os.close(self._descriptor)

    @classmethod
    def _take(cls, path: Path) -> Self | None:
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            descriptor = os.open(_sign(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            lock = cls(path, descriptor)
            if lock.in_force:
                return lock
            os.close(descriptor)  # its holder freed it just now, and took the sign away


def _sign(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")
