"""The files of a result as Athena writes them, and pages of rows read from them.

https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

Row = Sequence[str | None]
Reader = Callable[[int, int], bytes]
"""Gives the bytes of a file from a place on, as many as asked for."""

# A field and what follows it; every value is in quotes, so that nothing between two commas is NULL.
_FIELD = re.compile(rb'(?:"((?:[^"]|"")*)")?([,\n])')
_STEP_BYTES = 1 << 18


def csv_lines(names: Iterable[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """The lines of a result: names first, every value in quotes, nothing for NULL."""
    yield _line(list(names))
    for row in rows:
        yield _line(row)


def _line(row: Row) -> bytes:
    return (",".join("" if value is None else _quoted(value) for value in row) + "\n").encode()


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def text_lines(rows: Iterable[Row]) -> Iterator[bytes]:
    """The lines of what SHOW and DESCRIBE answer: no names, tabs between values, no end of the last line."""
    for number, row in enumerate(rows):
        line = "\t".join(value or "" for value in row)
        yield f"\n{line}".encode() if number else line.encode()


def csv_page(read: Reader, size: int, offset: int, most: int) -> tuple[list[Row], int | None]:
    """At most so many rows from a place in a file of CSV lines on, and the place of the next one, if there is one."""
    rows: list[Row] = []
    buffered, end = b"", offset
    while len(rows) < most and end < size:
        step = read(end, min(_STEP_BYTES, size - end))
        buffered, end = buffered + step, end + len(step)
        taken = _take(buffered, most - len(rows), rows)
        buffered, offset = buffered[taken:], offset + taken
    return rows, offset if offset < size else None


def _take(data: bytes, most: int, rows: list[Row]) -> int:
    """Add at most so many whole rows, and tell how many bytes they took."""
    taken, row = 0, list[str | None]()
    field = _FIELD.match(data)
    while field is not None:
        value = field[1]
        row.append(None if value is None else value.replace(b'""', b'"').decode())
        if field[2] == b"\n":
            rows.append(row)
            taken, row, most = field.end(), [], most - 1
            if most == 0:
                break
        field = _FIELD.match(data, field.end())
    return taken


def text_page(read: Reader, size: int, offset: int, most: int) -> tuple[list[Row], int | None]:
    """The same of a file of plain lines, each a row with one value; places are numbers of lines."""
    lines = read(0, size).split(b"\n") if size else []
    end = offset + most
    return [[line.decode()] for line in lines[offset:end]], end if end < len(lines) else None
