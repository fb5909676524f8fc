"""Points and the series they belong to, whatever format their requests came in."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import Final, NamedTuple

from handlers.domain.ingest.envelope import StreamRecord

METRIC_NAME_BYTES = 256


class Series(NamedTuple):
    """Name, type and dimensions: judged once, and shared by every point of the series in a batch."""

    metric_name: str
    metric_type: str
    # In the order of their names.
    dimensions: tuple[tuple[str, str], ...]


class Point(NamedTuple):
    """A value of a series at a time, as its request holds it at `request_index`."""

    series: Series
    time_ns: int
    value: float
    request_index: int
    record: StreamRecord


# A point of its five parts, made without the call that `Point` would be.
new_point: Final[Callable[[tuple[Series, int, float, int, StreamRecord]], Point]] = partial(
    tuple.__new__, Point
)

series_of: Final[Callable[[Point], Series]] = attrgetter("series")
time_of: Final[Callable[[Point], int]] = attrgetter("time_ns")


def are_distinct(points: Sequence[Point]) -> bool:
    """True if no two points of one reader have the same series and time."""
    series = list(map(id, map(series_of, points)))
    return len(set(series)) == len(points) or len(set(zip(series, map(time_of, points), strict=True))) == len(
        points
    )


def latest(points: Sequence[Point]) -> Sequence[Point]:
    """The points of one request that count: of those with the same series and time the one that stands last."""
    return points if are_distinct(points) else [versions[-1] for versions in versions_of(points)]


def versions_of(points: Iterable[Point]) -> list[list[Point]]:
    """The points of each series and time together, in the order of their precedence: the last one counts.

    That is the one with the highest version; of one request, the one that stands last in it. The lake's views say the
    same: `handlers/lake.py`.
    """
    versions: dict[tuple[Series, int], list[Point]] = defaultdict(list)
    for point in points:
        versions[point.series, point.time_ns].append(point)
    return [sorted(some, key=_precedence) if len(some) > 1 else some for some in versions.values()]


def is_again(point: Point, other: Point) -> bool:
    """True if two points are the same one of the same request, sent again by a second redrive."""
    return _precedence(point) == _precedence(other)


def _precedence(point: Point) -> tuple[int, str, int]:
    return point.record.version, point.record.request_id, point.request_index
