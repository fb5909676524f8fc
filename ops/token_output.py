"""The one place that a new token is shown in: standard output, or a file that its owner alone can read."""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from ops.errors import OperatorError


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the file."""
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the token to this new file, readable by you alone, instead of standard output",
    )


@contextlib.contextmanager
def output(file: Path | None) -> Iterator[Callable[[str], None]]:
    """Give what shows a token: it is the only line on standard output, or the content of a new file.

    OperatorError if the file is there or cannot be made; it is taken away if no token came.
    """
    if file is None:
        yield _print
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise OperatorError(f"--output {file}: {error.strerror}; nothing was changed") from error
    shown = False

    def write(token: str) -> None:
        nonlocal shown
        os.write(descriptor, f"{token}\n".encode())
        shown = True

    try:
        yield write
    finally:
        os.close(descriptor)
        if not shown:
            file.unlink(missing_ok=True)


def _print(token: str) -> None:
    print(token)
    sys.stdout.flush()
