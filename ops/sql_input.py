"""SQL from the command line, a file, standard input, or a prompt on a terminal."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from ops.errors import OperatorError
from ops.output import sanitize

Ask = Callable[[str], int]
"""Asks one statement and prints the answer; the exit status."""


def add_options(parser: argparse.ArgumentParser, example: str) -> None:
    """Add the statement, and the file that it may stand in instead."""
    parser.add_argument(
        "sql",
        nargs="?",
        default="",
        metavar="SQL",
        help=f"for example {example}; - reads standard input; without it a terminal gets a prompt",
    )
    parser.set_defaults(example=example)
    parser.add_argument("-f", "--file", type=Path, metavar="FILE", help="a file with the statement")


def run(options: argparse.Namespace, ask: Ask, *, name: str) -> int:
    """Ask the statement of the options, or one after the other at a prompt with this name.

    OperatorError if there is no statement, or its file cannot be read. At the prompt one that fails ends nothing.
    """
    if not options.sql.strip() and options.file is None and sys.stdin.isatty():
        return _prompt(ask, name)
    return ask(_statement(options))


def _statement(options: argparse.Namespace) -> str:
    if options.sql.strip() and options.file is not None:
        raise OperatorError("give SQL or --file, not both")
    if options.file is not None:
        try:
            text: str = options.file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OperatorError(f"cannot read {options.file}: {reason}") from error
    elif options.sql.strip() in {"", "-"}:
        try:
            text = sys.stdin.read()
        except UnicodeDecodeError as error:
            raise OperatorError(f"standard input is no text: {error}") from error
    else:
        text = options.sql
    if not cut(text):
        raise OperatorError(f"no SQL; for example {options.example}")
    return cut(text)


def cut(text: str) -> str:
    """A statement without the semicolon that ends it."""
    return text.strip().rstrip(";").rstrip()


def _prompt(ask: Ask, name: str) -> int:
    import readline  # noqa: F401, PLC0415 - it gives `input` a history, and takes a moment that a statement need not

    print("a statement ends with ; or an empty line, Ctrl-D ends the prompt", file=sys.stderr)
    for statement in _typed(name):
        try:
            ask(statement)
        except OperatorError as error:
            print(sanitize(str(error)), file=sys.stderr)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
    return 0


def _typed(name: str) -> Iterator[str]:
    """The statements that are typed, without their ends, until the input ends."""
    lines: list[str] = []
    while True:
        try:
            line = input(f"{name}> " if not lines else f"{'':>{len(name)}}| ")
        except KeyboardInterrupt:
            print(file=sys.stderr)
            lines = []
            continue
        except EOFError:
            print(file=sys.stderr)
            return
        if not lines and line.strip().lower() in {"quit", "exit", "\\q"}:
            return
        lines.append(line)
        if not line.strip() or line.rstrip().endswith(";"):
            statement, lines = cut("\n".join(lines)), []
            if statement:
                yield statement
