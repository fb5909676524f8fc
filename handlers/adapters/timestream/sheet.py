"""A batch as columns: those in which its points differ, with what their values take."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from math import inf
from typing import Any, NamedTuple

from handlers.adapters.timestream.cuts import CALL_BYTES, UNIT_BYTES, Column, Cost, Line
from handlers.adapters.timestream.prepared import Prepared, align, pair_bytes
from handlers.domain.point import Point

# Bytes that no dimension accounts for: in each record the value with its name.
RECORD_BYTES = len("value") + 8
TIME_BYTES = 8
TIME = ""  # the time's column among those of the dimensions, whose names are never empty
ABSENT = ""  # likewise, no value is empty

Value = str | int
Calls = list[list[int]]


class Plan(NamedTuple):
    """Calls by the positions of their points, and what they cost."""

    cost: Cost
    calls: Calls


class Sheet:
    """The points of a batch by their positions; what all of them share is `shared_bytes`, and no column."""

    def __init__(self, points: Sequence[Point], prepared: Sequence[Prepared]) -> None:
        count = len(points)
        self.count = count
        self.columns: dict[str, Sequence[Value]] = {}
        names, rows = align(prepared)
        shared_bytes = 0
        for name, values in zip(names, zip(*rows, strict=True), strict=True):
            first = values[0]
            if values.count(first) == count:
                shared_bytes += value_bytes(name, first)
            else:
                self.columns[name] = values
        times = [point[1] for point in points]
        own = RECORD_BYTES + TIME_BYTES - shared_bytes
        if times.count(times[0]) == count:
            own -= TIME_BYTES
            self._fixed = TIME_BYTES
        else:
            self.columns[TIME] = times
            self._fixed = 0
        self._fixed += shared_bytes
        self._bytes = [one.size + own for one in prepared]
        self._ranks: dict[str, Column] = {}
        self._keys: dict[tuple[str, ...], list[int]] = {}  # of the order that was sorted by last

    def groups(self, by: Sequence[str]) -> Calls:
        """The positions by their values in some columns, in the order of these."""
        first, *others = [self.columns[name] for name in by]
        keys: Sequence[Any] = list(zip(first, *others, strict=True)) if others else first
        found: dict[Any, list[int]] = defaultdict(list)
        for position, key in enumerate(keys):
            found[key].append(position)
        return [found[key] for key in sorted(found)]

    def distinct(self, by: Sequence[str]) -> int:
        """The number of different values in some columns taken together."""
        return len(set(zip(*[self.columns[name] for name in by], strict=True)))

    def repeated(self, positions: Sequence[int]) -> int:
        """The bytes that each of the points repeats, and a call of them says once."""
        first, last = positions[0], positions[-1]
        total = 0
        for name, values in self.columns.items():
            value = values[first]
            if value is values[last] or value == values[last]:
                some = [values[position] for position in positions]
                if some.count(value) == len(some):
                    total += value_bytes(name, value)
        return total

    def total(self, positions: Iterable[int]) -> int:
        """The bytes of the points as records of a call in which nothing more is shared than by all points."""
        own = self._bytes
        return sum([own[position] for position in positions])

    def units(self, positions: Sequence[int], repeated: int) -> int:
        """The write units of a call of the points that repeat so much."""
        once = self.total(positions) - repeated * (len(positions) - 1)
        return -(-(CALL_BYTES + self._fixed + once) // UNIT_BYTES)

    def fitting(self, positions: Sequence[int], units: int) -> float:
        """The number of points like these that so many units hold."""
        repeated = self.repeated(positions)
        each = self.total(positions) / len(positions) - repeated
        return (units * UNIT_BYTES - CALL_BYTES - self._fixed - repeated) / each

    def worth(self, name: str) -> int:
        """The bytes that were saved if each value of the column were said once."""
        ranks, sizes = self._ranked(name)
        return sum([sizes[rank] for rank in ranks]) - sum(sizes)

    def line(self, positions: Iterable[int], order: tuple[str, ...], most_units: float = inf) -> Plan:
        """The points sorted by the columns in this order and cut where it is cheapest; `TooDear` if it is too dear."""
        positions = self.sorted(positions, order)
        columns = []
        for name in order:
            values, sizes = self._ranked(name)
            columns.append(Column([values[position] for position in positions], sizes))
        own = self._bytes
        line = Line(columns, [own[position] for position in positions], self._fixed)
        return _plan(positions, *line.cuts(most_units))

    def split(self, positions: Sequence[int], repeated: int, order: tuple[str, ...]) -> Plan:
        """Points that repeat so much, more than a call takes, cut where it is cheapest."""
        positions = self.sorted(positions, order)
        own = [self._bytes[position] - repeated for position in positions]
        return _plan(positions, *Line([], own, self._fixed + repeated).cuts())

    def sorted(self, positions: Iterable[int], order: tuple[str, ...]) -> list[int]:
        """The positions by their values in the columns."""
        keys = self._keys.get(order)
        if keys is None:
            keys = [0] * self.count
            for name in order:
                ranks, sizes = self._ranked(name)
                many = len(sizes)
                keys = [key * many + rank for key, rank in zip(keys, ranks, strict=True)]
            self._keys = {order: keys}
        return sorted(positions, key=keys.__getitem__)

    def _ranked(self, name: str) -> Column:
        ranked = self._ranks.get(name)
        if ranked is None:
            values = self.columns[name]
            distinct = sorted(set(values))
            ranks = {value: rank for rank, value in enumerate(distinct)}
            ranked = Column(
                [ranks[value] for value in values], [value_bytes(name, value) for value in distinct]
            )
            self._ranks[name] = ranked
        return ranked


def _plan(positions: Sequence[int], cost: Cost, cuts: Sequence[int]) -> Plan:
    return Plan(cost, [list(positions[start:end]) for start, end in pairwise(cuts)])


@lru_cache(10_000)
def value_bytes(name: str, value: Value) -> int:
    """The bytes of a value with the name of its column, none if there is no value."""
    if isinstance(value, int):
        return TIME_BYTES
    return pair_bytes((name, value)) if value != ABSENT else 0
