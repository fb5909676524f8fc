"""The log of a function: what it writes to its standard output."""

import sys
from collections.abc import Iterable


def write_lines(lines: Iterable[str]) -> None:
    """Writes each line as an entry of its own, and all of them before the function answers."""
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()
