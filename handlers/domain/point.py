"""Points and the series they belong to, whatever format their requests came in."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple

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


_identity = itemgetter(Point._fields.index("series"), Point._fields.index("time_ns"))


def latest(points: Sequence[Point]) -> Sequence[Point]:
    """The points of one request that count: of those with the same series and time the one that stands last."""
    if len(set(map(_identity, points))) == len(points):
        return points
    return [versions[-1] for versions in versions_of(points)]


def versions_of(points: Iterable[Point]) -> list[list[Point]]:
    """The points of each series and time together, in the order of their precedence: the last one counts.

    That is the one with the highest version; of one request, the one that stands last in it. The lake's views say the
    same: `handlers/lake.py`.
    """
    versions: dict[tuple[Series, int], list[Point]] = defaultdict(list)
    for point in points:
        versions[point.series, point.time_ns].append(point)
    return [sorted(some, key=_precedence) if len(some) > 1 else some for some in versions.values()]


def _precedence(point: Point) -> tuple[int, str, int]:
    return point.record.version, point.record.request_id, point.request_index
