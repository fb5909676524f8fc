"""Tables and text for a terminal, in which nothing that clients wrote can move the cursor."""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

_PIPED_WIDTH = 200


def sanitize(text: str) -> str:
    """The text without control characters, line breaks included: metric names come from clients."""
    return "".join(character if character.isprintable() else "�" for character in text)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table as wide as the terminal; through a pipe, with whole lines. None is an empty cell."""
    table = Table(*map(sanitize, columns), show_edge=False)
    for row in rows:
        table.add_row(*map(_cell, row))
    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    Console(markup=False, highlight=False, width=width).print(table)


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print the rows of an answer as a table, and their number."""
    print_table(columns, rows)
    print(f"({counted(len(rows), 'row')})")


def print_columns(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows in columns that are never cut at the terminal's width: URLs and reasons are for copying."""
    lines = [[_cell(value) for value in line] for line in (columns, *rows)]
    widths = [max(line[column].cell_len for line in lines) for column in range(len(columns))]
    console = Console(markup=False, highlight=False, soft_wrap=True)
    for line in lines:
        for cell, width in zip(line, widths, strict=True):
            cell.pad_right(width - cell.cell_len)
        joined = Text("  ").join(line)
        joined.rstrip()
        console.print(joined)


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 row", "2 rows"."""
    return f"{number} {noun}{'s' if number != 1 else ''}"


def moment(seconds: float) -> str:
    """A time in seconds of the epoch, as UTC's date and time of day."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def _cell(value: object) -> Text:
    """A cell; one that is a Text already keeps its colour."""
    if isinstance(value, Text):
        return value
    return Text("" if value is None else sanitize(str(value)))
