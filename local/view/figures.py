"""The figures of every region as lines for a terminal of any width: a table where it fits, else a few words a line."""

import textwrap
from collections.abc import Sequence

from rich.text import Text

from local.view.reading import Reading, delay_text, error_line, trouble_lines

_LONG = ("region", "accepted", "stored", "superseded", "quarantined", "points/s", "ingest to queryable")
_SHORT = (*_LONG[:-1], "delay")
_GAP = 2


def figures(readings: Sequence[Reading], elapsed_s: float, *, width: int, height: int) -> list[Text]:
    """Lines of at most `width` cells, and at most `height` of them: those at the end are kept."""
    rows = [_row(reading) for reading in readings]
    lines = _table(_LONG, rows, width) or _table(_SHORT, rows, width) or _words(readings)
    several = len(readings) > 1
    for reading in readings:
        where = f"{reading.region}: " if several else ""
        for style, text in trouble_lines(reading):
            lines += _wrapped(f"{where}{text}", style, width)
        style = "red" if reading.last_error else "dim"
        if reading.last_error or reading is readings[-1]:
            lines += _wrapped(f"{where if reading.last_error else ''}{error_line(reading)}", style, width)
    lines.append(Text(f"up {int(elapsed_s) // 60}:{int(elapsed_s) % 60:02d} · Ctrl-C ends", style="dim"))
    for line in lines:
        line.truncate(max(1, width), overflow="ellipsis")
    return lines[-max(1, height) :]


def _wrapped(text: str, style: str, width: int) -> list[Text]:
    """A line in as many as it takes, but three at most."""
    indent = " " * (len(text) - len(text.lstrip()))
    parts = textwrap.wrap(
        text.strip(),
        max(20, width),
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        max_lines=3,
        placeholder=" …",
    )
    return [Text(part, style=style) for part in parts]


def _row(reading: Reading) -> tuple[str, ...]:
    return (
        reading.region,
        f"{reading.accepted:,}",
        f"{reading.stored:,}",
        f"{reading.superseded:,}",
        f"{reading.quarantined:,}",
        f"{reading.rate:,.0f}",
        delay_text(reading.delay_s),
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[Text]:
    """The rows in columns, or nothing if they do not fit."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    if sum(widths) + _GAP * (len(widths) - 1) > width:
        return []
    return [_line(header, widths, "dim"), *(_line(row, widths, "") for row in rows)]


def _line(cells: Sequence[str], widths: Sequence[int], style: str) -> Text:
    first, *others = (
        f"{cell:<{width}}" if number == 0 else f"{cell:>{width}}"
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return Text((" " * _GAP).join([first, *others]), style=style)


def _words(readings: Sequence[Reading]) -> list[Text]:
    lines = []
    for reading in readings:
        lines += [
            Text(f"{reading.region}: {reading.accepted:,} accepted, {reading.stored:,} stored"),
            Text(f"  {reading.rate:,.0f} points/s, queryable after {delay_text(reading.delay_s)}"),
        ]
    return lines
