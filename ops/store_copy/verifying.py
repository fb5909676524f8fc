"""The points of a copy, counted at both ends."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from handlers.domain.exports.hour import Hour
from ops.store_copy.ends import Ends
from ops.store_copy.plan import hour_of, parts_of
from ops.store_copy.statements import count_copied

_DAY = 24


class Counted(NamedTuple):
    """An hour's points in the source, and those of them that the lake has in any version."""

    hour: Hour
    source: int
    lake: int

    @property
    def is_whole(self) -> bool:
        """True if the lake has all; it has more once the source has begun to forget the hour."""
        return self.lake >= self.source


def count_both(ends: Ends, counts: Mapping[Hour, int]) -> Iterator[Counted]:
    """Each of the hours with the source's count and the lake's, which is asked once a day of points.

    OperatorError if it cannot be.
    """
    lake = ends.lake_store
    for first, last in parts_of(list(counts), _DAY):
        sql = count_copied(lake.points, lake.superseded, ends.request, first, last)
        found = {hour_of(text): points for text, points in lake.select(sql)[1]}
        for hour, points in counts.items():
            if first <= hour <= last:
                yield Counted(hour, points, found.get(hour, 0))
