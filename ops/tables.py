"""Tables for an operator: in a terminal as wide as it is, through a pipe with whole lines."""

import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from ops.printable import printable

_PIPED_WIDTH = 200


def print_table(table: Table) -> None:
    """Print a table whose cells are shown as they are: what stands in brackets is no markup."""
    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    Console(markup=False, highlight=False, width=width).print(table)


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows and their number; names and values are clients', so no control character of theirs is shown."""
    table = Table(*map(printable, columns), show_edge=False)
    for row in rows:
        table.add_row(*("" if value is None else printable(str(value)) for value in row))
    print_table(table)
    print(f"({len(rows)} row{'s' if len(rows) != 1 else ''})")
