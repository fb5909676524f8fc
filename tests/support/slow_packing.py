"""The packing of points by exact and slow means, which the writer's is held against."""

from collections.abc import Sequence
from itertools import permutations

from benchmarks.metering import write_units
from handlers.domain.point import Point

Spent = tuple[int, int]  # write units, calls


def in_order(points: Sequence[Point]) -> Spent:
    """A hundred to a call, as they come."""
    calls = [points[start : start + 100] for start in range(0, len(points), 100)]
    return sum(map(write_units, calls)), len(calls)


def best_cuts(points: Sequence[Point]) -> Spent:
    """The least that contiguous calls of these points take, by trying every cut."""
    best: list[Spent] = [(0, 0)]
    for end in range(1, len(points) + 1):
        best.append(
            min(
                (best[start][0] + write_units(points[start:end]), best[start][1] + 1)
                for start in range(max(0, end - 100), end)
            )
        )
    return best[-1]


def sorted_every_way(points: Sequence[Point]) -> list[list[Point]]:
    """The points sorted by their columns in each order of these, where a point without a value comes first."""
    rows = [_row(point) for point in points]
    columns = sorted({column for row in rows for column in row})
    columns = [column for column in columns if len({row.get(column) for row in rows}) > 1]
    orders = {
        tuple(
            sorted(
                range(len(points)), key=lambda place: [rows[place].get(column, ("", 0)) for column in order]
            )
        )
        for order in permutations(columns)
    }
    return [[points[place] for place in order] for order in sorted(orders)]


def _row(point: Point) -> dict[str, tuple[str, int]]:
    texts = {"metric_name": point.series.metric_name, "metric_type": point.series.metric_type}
    row = {column: (value, 0) for column, value in {**texts, **dict(point.series.dimensions)}.items()}
    return {**row, "": ("", point.time_ns)}
