"""Time series drawn in a terminal, with the eight dots of each braille character."""

import math
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from ops.errors import OperatorError
from ops.output import moment, sanitize
from ops.tables import Row, is_coloured

_HEIGHT = 12
_MOST = 6
_COLOURS = (36, 33, 32, 35, 34, 31)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?(\.\d+)?Z?")
# The bit of each dot of a braille character, by its column and row.
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BLANK = 0x2800

Points = list[tuple[float, float]]
"""Times in epoch seconds with their values."""


def plot(columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Print a chart of an answer's series, or of the first six, one beneath the other without colours.

    OperatorError if no column holds times, or none numbers.
    """
    found = list(rows)
    if not found:
        print("(0 rows, so there is nothing to draw)")
        return
    series = read_series(columns, found)
    width = max(20, min(shutil.get_terminal_size().columns, 160))
    shown = dict(list(series.items())[:_MOST])
    charts = [shown] if is_coloured() or len(shown) < 2 else [{name: shown[name]} for name in shown]
    for chart in charts:
        for line in draw(chart, width, coloured=is_coloured()):
            print(line)
    if len(series) > _MOST:
        print(f"({_MOST} of {len(series)} series)")


def read_series(columns: Sequence[str], rows: Sequence[Row]) -> dict[str, Points]:
    """The series of an answer by what tells them apart: texts, and the number's name if there are several."""
    first = next((row for row in rows if None not in row), rows[0] if rows else ())
    series = [index for index, value in enumerate(first) if _is_series(value)]
    times = [index for index, value in enumerate(first) if _epoch_s(value) is not None]
    numbers = [index for index, value in enumerate(first) if _is_number(value) and index not in times]
    if not series and not (times and numbers):
        raise OperatorError(
            "to plot, an answer needs a column of times and one of numbers: "
            "SELECT bin(time, 1m) AS minute, avg(value) AS mean … GROUP BY 1"
        )
    labels = [index for index, value in enumerate(first) if isinstance(value, str) and index not in times]
    found: dict[str, Points] = {}
    for row in rows:
        texts = [sanitize(str(row[index])) for index in labels if row[index] is not None]
        for index in series or numbers:
            name = " ".join([*texts, *([columns[index]] if len(series or numbers) > 1 or not texts else [])])
            found.setdefault(name, []).extend(
                _points(row[index]) if series else _point(row[times[0]], row[index])
            )
    return {name: sorted(points) for name, points in found.items() if points}


def draw(series: dict[str, Points], width: int, *, coloured: bool) -> Iterator[str]:
    """The lines of one chart: its legend, the scale on the left, and the first and last time below."""
    every = [point for points in series.values() for point in points]
    if not every:
        return
    begin, end = min(time for time, _ in every), max(time for time, _ in every)
    low, high = min(value for _, value in every), max(value for _, value in every)
    labels = [f"{high:.6g}", f"{(low + high) / 2:.6g}", f"{low:.6g}"] if high > low else [f"{low:.6g}"] * 3
    margin = max(map(len, labels))
    canvas = _Canvas(width - margin - 2, _HEIGHT)
    for number, points in enumerate(series.values()):
        canvas.line(
            [(_part(time, begin, end), _part(value, low, high)) for time, value in points],
            _COLOURS[number % len(_COLOURS)],
        )
    for number, name in enumerate(series):
        yield _painted("━━ " if coloured else "", _COLOURS[number % len(_COLOURS)], coloured=coloured) + name
    places = {0: labels[0], _HEIGHT // 2: labels[1], _HEIGHT - 1: labels[2]}
    for number, line in enumerate(canvas.lines(coloured=coloured)):
        yield f"{places.get(number, ''):>{margin}} ┤{line}"
    room = width - margin - 2
    first, last = moment(begin), moment(end)
    if room <= len(first) + len(last):
        first, last = first.partition(" ")[2], last.partition(" ")[2]
    yield f"{'':>{margin}}  {first}{last:>{max(len(last) + 1, room - len(first))}}"


class _Canvas:
    """Characters of two by four dots; each has the colour of what was drawn last in it."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._dots = [[0] * width for _ in range(height)]
        self._colours = [[0] * width for _ in range(height)]

    def line(self, points: Sequence[tuple[float, float]], colour: int) -> None:
        """Join points, whose coordinates are parts of the whole from the lower left."""
        wide, high = self._width * 2 - 1, self._height * 4 - 1
        placed = [(round(x * wide), round((1 - y) * high)) for x, y in points]
        for (x0, y0), (x1, y1) in zip(placed, placed[1:] or placed, strict=False):
            steps = max(abs(x1 - x0), abs(y1 - y0), 1)
            for step in range(steps + 1):
                self._dot(round(x0 + (x1 - x0) * step / steps), round(y0 + (y1 - y0) * step / steps), colour)

    def _dot(self, x: int, y: int, colour: int) -> None:
        self._dots[y // 4][x // 2] |= _DOTS[x % 2][y % 4]
        self._colours[y // 4][x // 2] = colour

    def lines(self, *, coloured: bool) -> Iterator[str]:
        """The characters of each line."""
        for dots, colours in zip(self._dots, self._colours, strict=True):
            pairs = zip(dots, colours, strict=True)
            text = "".join(
                _painted(chr(_BLANK + dot), colour, coloured=coloured) if dot else " "
                for dot, colour in pairs
            )
            yield text.rstrip()


def _painted(text: str, colour: int, *, coloured: bool) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if coloured and text else text


def _part(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_series(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and "time" in value[0]


def _points(series: Any) -> Iterator[tuple[float, float]]:
    for one in series or []:
        yield from _point(one["time"], one["value"])


def _point(time: object, value: Any) -> Iterator[tuple[float, float]]:
    time_s = _epoch_s(time)
    if time_s is not None and _is_number(value) and math.isfinite(value):
        yield time_s, float(value)


def _epoch_s(value: object) -> float | None:
    """A time in epoch seconds; None for what is none."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).timestamp()
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    day, minute, second, fraction = match.groups()
    try:
        whole = datetime.fromisoformat(f"{day} {minute}{second or ':00'}+00:00").timestamp()
    except ValueError:
        return None
    return whole + float(fraction or 0)
