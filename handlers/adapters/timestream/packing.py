"""The packing of points: which travel together, so that what they share is sent, and paid for, once.

Timestream meters a write call by the bytes of its names and values, rounded up to 1 KiB, with common attributes
counted once: https://docs.aws.amazon.com/timestream/latest/developerguide/metering-and-pricing.writes.html
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from handlers.domain.point import Point, Series

CALL_RECORDS = 100
UNIT_BYTES = 1024

# Bytes that no dimension accounts for: in each record the value with its name, in each call the measure's name.
_RECORD_BYTES = len("value") + 8
_CALL_BYTES = len("metric")
_TIME_BYTES = 8
# A call costs about a twentieth of a write unit in function time, so filling calls matters, but less than units.
_CALL_COST = 0.05

_TIME = ""  # the time's column among those of the dimensions, whose names are never empty
_ABSENT = ""  # likewise, no value is empty

_Value = str | int
_Row = tuple[_Value, ...]


class Shared(NamedTuple):
    """The part that the points of a call have in common; None where they differ."""

    dimensions: tuple[tuple[str, str], ...]
    time_ns: int | None
    version: int | None


def all_dimensions(series: Series) -> tuple[tuple[str, str], ...]:
    """The series' dimensions as Timestream has them: ours, then the client's."""
    name, metric_type, dimensions = series
    return (("metric_name", name), ("metric_type", metric_type), *dimensions)


def shared_part(points: Sequence[Point]) -> Shared:
    """The part that can stand once for all of the points."""
    first = points[0]
    dimensions = all_dimensions(first.series)
    common = set(dimensions)
    for series in {point.series for point in points}:
        common.intersection_update(all_dimensions(series))
    times = {point.time_ns for point in points}
    versions = {point.record.version for point in points}
    return Shared(
        dimensions=tuple(pair for pair in dimensions if pair in common),
        time_ns=first.time_ns if len(times) == 1 else None,
        version=first.record.version if len(versions) == 1 else None,
    )


def pack(points: Sequence[Point]) -> list[list[int]]:
    """The indexes of the points, each once, as calls of at most 100; the same points give the same calls.

    The points are sorted so that those which share the most bytes lie together, then cut where that is cheapest.
    """
    if not points:
        return []
    sizes = _sizes_by_column(points)
    columns = list(sizes)
    rows = [_row(point, columns) for point in points]
    order = sorted(range(len(points)), key=rows.__getitem__)
    sheet = _Sheet([rows[index] for index in order], list(sizes.values()))
    return [order[start:end] for start, end in pairwise(sheet.cuts())]


def _sizes_by_column(points: Sequence[Point]) -> dict[str, dict[_Value, int]]:
    """The bytes that each value of each column takes, the columns that are most worth sharing first."""
    counts: dict[str, Counter[_Value]] = defaultdict(Counter)
    counts[_TIME].update(point.time_ns for point in points)
    for (name, metric_type, dimensions), count in Counter(point.series for point in points).items():
        counts["metric_name"][name] += count
        counts["metric_type"][metric_type] += count
        for column, value in dimensions:
            counts[column][value] += count
    sizes = {column: {value: _size(column, value) for value in values} for column, values in counts.items()}
    worth = {column: _worth(counts[column], sizes[column]) for column in counts}
    return {column: sizes[column] for column in sorted(counts, key=lambda column: (-worth[column], column))}


def _size(column: str, value: _Value) -> int:
    return _TIME_BYTES if isinstance(value, int) else len(column) + len(value.encode())


def _worth(counts: Mapping[_Value, int], sizes: Mapping[_Value, int]) -> float:
    """Bytes saved if every value of the column had calls of its own, less what half-empty calls waste."""
    worth = 0.0
    for value, count in counts.items():
        saved = (count - -(-count // CALL_RECORDS)) * sizes[value]
        wasted = UNIT_BYTES / 2 * max(0.0, 1 - count / CALL_RECORDS)
        worth += max(0.0, saved - wasted)
    return worth


def _row(point: Point, columns: Sequence[str]) -> _Row:
    values: dict[str, _Value] = dict(all_dimensions(point.series))
    values[_TIME] = point.time_ns
    return tuple([values.get(column, _ABSENT) for column in columns])


class _Sheet:
    """Sorted rows, and the cost of any stretch of them as one call."""

    def __init__(self, rows: Sequence[_Row], sizes: Sequence[Mapping[_Value, int]]) -> None:
        self._length = len(rows)
        self._sizes = [
            [weights.get(value, 0) for weights, value in zip(sizes, row, strict=True)] for row in rows
        ]
        self._bytes = list(accumulate((sum(row) + _RECORD_BYTES for row in self._sizes), initial=0))
        self._run_ends = _run_ends(rows)

    def cuts(self) -> list[int]:
        """The cheapest places to cut, of those where a call is full or a column's value changes."""
        best: dict[int, tuple[float, int]] = {0: (0.0, 0)}
        for first in range(self._length):
            if first not in best:
                continue
            spent = best[first][0]
            for stop in self._ends(first):
                cost = spent + self._cost(first, stop)
                if stop not in best or cost < best[stop][0]:
                    best[stop] = (cost, first)
        cuts = [self._length]
        while cuts[-1]:
            cuts.append(best[cuts[-1]][1])
        return cuts[::-1]

    def _ends(self, first: int) -> set[int]:
        full = min(first + CALL_RECORDS, self._length)
        ends = {full}
        for stop in self._run_ends[first]:
            if first < stop < full:
                ends.add(stop)
        return ends

    def _cost(self, first: int, stop: int) -> float:
        repeated = sum(
            size
            for size, run_end in zip(self._sizes[first], self._run_ends[first], strict=True)
            if run_end >= stop
        )
        size = _CALL_BYTES + self._bytes[stop] - self._bytes[first] - repeated * (stop - first - 1)
        return -(-size // UNIT_BYTES) + _CALL_COST


def _run_ends(rows: Sequence[_Row]) -> list[list[int]]:
    """The end of the run of equal values that a row is in, for each row and column."""
    ends = [[len(rows)] * len(rows[0])]
    for index in range(len(rows) - 2, -1, -1):
        here, after = rows[index], rows[index + 1]
        ends.append(
            [
                end if value == other else index + 1
                for value, other, end in zip(here, after, ends[-1], strict=True)
            ]
        )
    return ends[::-1]
