"""Rows for people and for programs: a table, CSV, JSON, or a JSON object on each line."""

import argparse
import itertools
import json
import math
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.cells import cell_len

from ops.output import counted, sanitize

FORMATS = ("table", "csv", "json", "jsonl")
_MEASURED = 1000
_CSV_SPECIAL = re.compile(r"[\",\r\n]")
_GAP = "  "
_CODES = {"bold": "1", "red": "31", "yellow": "33", "green": "32"}

Row = Sequence[object]
"""Cells: text, numbers, booleans, None for nothing, and lists and dicts, which are shown as JSON."""


class Coloured(str):
    """A text with a colour, which only a terminal shows."""

    __slots__ = ("colour",)

    def __new__(cls, text: str, colour: str) -> "Coloured":
        """A text and one of red, yellow and green."""
        made = super().__new__(cls, text)
        made.colour = colour
        return made

    colour: str


def add_option(options: argparse._ActionsContainer) -> None:
    """Add the option that chooses the form of rows, to a parser or a group of one."""
    options.add_argument(
        "--format", choices=FORMATS, default="table", help="how rows are printed (default table)"
    )


def show(
    columns: Sequence[str], rows: Iterable[Row], form: str = "table", *, noun: str = "row", wrap: bool = False
) -> None:
    """Print rows as they come; a table ends with their number, unless there is no noun for them.

    A table is measured by its first thousand rows. On a terminal that is too narrow each column has a line of its own,
    unless `wrap` leaves that to the terminal. Through a pipe nothing is cut, and there are no lines around cells.
    """
    names, line = _distinct(columns), sys.stdout.write
    match form:
        case "csv":
            for cells in itertools.chain([columns], rows):
                line(_csv_line(cells))
        case "json":
            begin = "[\n"
            for row in rows:
                line(begin + _object(names, row))
                begin = ",\n"
            line("[]\n" if begin == "[\n" else "\n]\n")
        case "jsonl":
            for row in rows:
                line(_object(names, row) + "\n")
        case _:
            _show_table(list(map(sanitize, columns)), iter(rows), noun, wrap=wrap)


def is_coloured() -> bool:
    """True if standard output is a terminal that may be given colours: https://no-color.org"""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str) -> str:
    """The text in a colour, if standard output shows colours."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if colour and is_coloured() else text


def _show_table(names: list[str], rows: Iterator[Row], noun: str, *, wrap: bool) -> None:
    first = list(itertools.islice(rows, _MEASURED + 1))
    shown = list(range(len(names)))
    remark = ""
    if sys.stdout.isatty() and 0 < len(first) <= _MEASURED:
        shown = [index for index in shown if any(row[index] is not None for row in first)] or shown
        hidden = len(names) - len(shown)
        remark = f"; {counted(hidden, 'column')} without a value left out" if hidden else ""
    cells = [[_text(row[index]) for index in shown] for row in first]
    widths = [
        max([_width(names[index]), *(_width(line[column]) for line in cells)])
        for column, index in enumerate(shown)
    ]
    total = sum(widths) + len(_GAP) * (len(widths) - 1)
    every = itertools.chain(first, rows)
    if sys.stdout.isatty() and not wrap and total > shutil.get_terminal_size().columns:
        number = _print_records(names, every, shown)
    else:
        number = _print_lines(names, every, shown, widths, _numeric(first, shown))
    if noun:
        print(f"({counted(number, noun)}{remark})")


def _print_lines(
    names: Sequence[str],
    rows: Iterable[Row],
    shown: Sequence[int],
    widths: Sequence[int],
    right: Sequence[bool],
) -> int:
    def joined(cells: Iterable[tuple[str, str]]) -> str:
        padded = []
        for (text, colour), width, is_right in zip(cells, widths, right, strict=True):
            blank = " " * (width - _width(text))
            padded.append(blank + paint(text, colour) if is_right else paint(text, colour) + blank)
        return _GAP.join(padded).rstrip() + "\n"

    sys.stdout.write(joined((names[index], "bold") for index in shown))
    number = 0
    for row in rows:
        number += 1
        sys.stdout.write(joined((_text(row[index]), _colour(row[index])) for index in shown))
    return number


def _print_records(names: Sequence[str], rows: Iterable[Row], shown: Sequence[int]) -> int:
    """Print a line for each column that has a value, as psql does when a table is too wide."""
    width = max(_width(names[index]) for index in shown)
    number = 0
    for row in rows:
        number += 1
        print(paint(f"-- {number} --", "bold"))
        for index in shown:
            if row[index] is not None:
                blank = " " * (width - _width(names[index]))
                print(f"{names[index]}{blank}{_GAP}{paint(_text(row[index]), _colour(row[index]))}")
    return number


def _numeric(rows: Sequence[Row], shown: Sequence[int]) -> list[bool]:
    """The columns that hold nothing but numbers, which stand to the right."""

    def is_number(value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool)

    found = ([row[index] for row in rows if row[index] is not None] for index in shown)
    return [bool(values) and all(map(is_number, values)) for values in found]


def _text(value: object) -> str:
    if isinstance(value, str):
        return value if value.isprintable() else sanitize(value)
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        return _json(value)
    return sanitize(str(_without_nan(value)))


def _csv_line(row: Row) -> str:
    """A row with line feeds alone at its end, and every text quoted that a reader might break at."""
    raw = not sys.stdout.isatty()
    cells = [value if raw and isinstance(value, str) else _text(value) for value in row]
    if cells == [""]:
        return '""\n'
    quoted = ('"' + cell.replace('"', '""') + '"' if _CSV_SPECIAL.search(cell) else cell for cell in cells)
    return ",".join(quoted) + "\n"


def _object(names: Sequence[str], row: Row) -> str:
    return _json(dict(zip(names, row, strict=True)))


def _json(value: object) -> str:
    """A value in one line of JSON, in which nothing moves a cursor; numbers that JSON does not have are text."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:
        return _json(_without_nan(value))
    return text if text.isprintable() else json.dumps(value, default=str)


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    return [_without_nan(one) for one in value] if isinstance(value, list) else value


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, those that stand there before with a number behind them: an object has each once."""
    found: list[str] = []
    for name in names:
        free, number = name, 1
        while free in found:
            number += 1
            free = f"{name}_{number}"
        found.append(free)
    return found


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _colour(value: object) -> str:
    return value.colour if isinstance(value, Coloured) else ""
