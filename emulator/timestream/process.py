"""What this process takes from the machine."""

import fcntl
from pathlib import Path
from typing import IO


def resident_bytes() -> int:
    """The resident memory of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def claim(directory: Path) -> IO[bytes]:
    """Make the folder this process's own until the returned file is closed; OSError if another process has it."""
    file = (directory / "lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise OSError(error.errno, "another process uses it") from error
    return file
