"""First code of a function's process: ties its life to the parent's, then becomes AWS's runtime client.

Run by path, isolated (`-I -S`): arguments are the parent's process id, the file that holds the local clock's offset,
the bundle, the runtime client's folder and the handler. Imports nothing of the emulator.
"""

import ctypes
import datetime as dt
import importlib
import mmap
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Start the runtime client with the function's bundle first on the path, as on Lambda."""
    parent, clock_file, bundle, runtime, handler = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            os._exit(1)
    # Ctrl-C in the terminal is the parent's to handle.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _follow_clock(Path(clock_file))
    sys.path[:0] = [bundle, runtime]
    importlib.import_module("awslambdaric.__main__").main(["bootstrap", handler])


def _follow_clock(file: Path) -> None:
    """Let this process see the local clock's time, which may be ahead of the machine's."""
    with file.open("rb") as opened:
        shared = mmap.mmap(opened.fileno(), 8, prot=mmap.PROT_READ)
    machine_time = time.time

    def now() -> float:
        offset: float = struct.unpack("d", shared[:8])[0]
        return machine_time() + offset

    time.time = now
    time.time_ns = lambda: int(now() * 1_000_000_000)
    dt.datetime = _moved(dt.datetime, now)  # type: ignore[misc]


def _moved(real: type[dt.datetime], now: Callable[[], float]) -> Any:
    """A datetime class that tells another time; what it makes are real datetimes, as C code expects."""

    class Meta(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, real)

    class Moved(real, metaclass=Meta):  # type: ignore[misc, valid-type]
        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return real.__new__(real if cls is Moved else cls, *args, **kwargs)

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return real.fromtimestamp(now(), tz)

        @classmethod
        def utcnow(cls) -> dt.datetime:
            return real.fromtimestamp(now(), dt.UTC).replace(tzinfo=None)

    Moved.__name__ = Moved.__qualname__ = "datetime"
    Moved.__module__ = "datetime"
    return Moved


if __name__ == "__main__":
    main()
