"""The local clock's offset in a file that every function's process maps into its memory."""

import mmap
import struct
import tempfile
from pathlib import Path

from emulator.clock import Clock

_SIZE = struct.calcsize("d")


class ClockFile:
    """Holds a clock's offset; it follows the clock until it is closed."""

    def __init__(self, clock: Clock) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="local-aws-")
        self.path = Path(self._folder.name) / "clock-offset"
        self.path.write_bytes(struct.pack("d", clock.offset_s))
        with self.path.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), _SIZE)
        self._stop_following = clock.on_advance(self._write)

    def close(self) -> None:
        """Remove the file."""
        self._stop_following()
        self._folder.cleanup()

    def _write(self, offset: float) -> None:
        self._shared[:_SIZE] = struct.pack("d", offset)
