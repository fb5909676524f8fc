"""The files that Timestream unloads points into: CSV, gzip, a row for each point."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import IO

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.point import Point, Series
from ops.errors import OperatorError

_SERIES_REMEMBERED = 20_000


def read_points(body: IO[bytes], dimensions: Sequence[str], record: StreamRecord) -> Iterator[Point]:
    """The points of a file as they come, as the record's; the dimensions are those that UNLOAD was asked for, in order.

    Quotes, delimiters and escapes: https://docs.aws.amazon.com/timestream/latest/developerguide/export-unload-concepts.html
    OperatorError if the file cannot be read.
    """
    names = tuple(dimensions)
    try:
        with (
            gzip.GzipFile(fileobj=body) as content,
            io.TextIOWrapper(content, encoding="utf-8", newline="") as text,
        ):
            for row in csv.reader(text, doublequote=False, escapechar="\\", strict=True):
                yield _point(row, names, record)
    except (OSError, EOFError, zlib.error, csv.Error, ValueError) as error:
        raise OperatorError(f"a file that Timestream unloaded cannot be read: {error}") from error


def in_parts(points: Iterable[Point], most: int) -> Iterator[list[Point]]:
    """The points, at most so many at a time."""
    part: list[Point] = []
    for point in points:
        part.append(point)
        if len(part) == most:
            yield part
            part = []
    if part:
        yield part


def _point(row: Sequence[str], names: tuple[str, ...], record: StreamRecord) -> Point:
    if len(row) != len(names) + 4:
        raise ValueError(f"a row has {len(row)} cells, not {len(names) + 4}")
    *labels, time_ns, value = row
    return Point(_series(tuple(labels), names), int(time_ns), float(value), 0, record)


@lru_cache(_SERIES_REMEMBERED)
def _series(labels: tuple[str, ...], names: tuple[str, ...]) -> Series:
    """The series of a row's labels; a dimension that it has not is empty there."""
    metric_name, metric_type, *values = labels
    present = ((name, value) for name, value in zip(names, values, strict=True) if value)
    return Series(metric_name, metric_type, tuple(sorted(present)))
