"""The cheapest cuts of points in a given order: exact, whatever the order."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import accumulate, chain, compress, repeat
from math import ceil, inf
from operator import ne, sub
from typing import NamedTuple

CALL_RECORDS = 100
UNIT_BYTES = 1024
# Bytes that a call has besides its records: the measure's name.
CALL_BYTES = len("metric")


class Cost(NamedTuple):
    """The cost of calls: units come first, as a call of 60 us of a function's processor costs a 360th of a unit."""

    units: int
    calls: int


class Column(NamedTuple):
    """A column's values in the order of the points, and the bytes of each of them."""

    values: Sequence[int]
    sizes: Sequence[int]


class TooDear(Exception):  # noqa: N818 -- an answer, not an error
    """The points take more units that way than they may."""


class Line:
    """Points in an order, and the calls that stretches of it make.

    What a stretch costs never falls when it grows at either end. So from a place only the furthest stretch for each
    number of units can be best, and a place that is reached for no less than a later one is not worth going on from.
    """

    def __init__(self, columns: Sequence[Column], record_bytes: Sequence[int], shared_bytes: int) -> None:
        self._length = len(record_bytes)
        self._bytes = list(accumulate(record_bytes, initial=0))
        self._fixed = CALL_BYTES + shared_bytes
        self._columns = []
        own: Iterable[int] = record_bytes
        for values, sizes in columns:
            ends, lengths = _runs(values)
            shared = [
                sizes[values[end - 1]] if length > 1 else 0 for end, length in zip(ends, lengths, strict=True)
            ]
            own = map(sub, own, _spread(shared, lengths))
            self._columns.append((_spread(ends, lengths), values, sizes))
        # Of each record what none of its neighbours has, so that no call says it once for both.
        self._own_bytes = list(accumulate(own, initial=0))

    def least_units(self, first: int = 0) -> float:
        """No calls of the points from a place on take less than this, which is quickly said."""
        calls = ceil((self._length - first) / CALL_RECORDS)
        return (self._own_bytes[-1] - self._own_bytes[first] + calls * self._fixed) / UNIT_BYTES

    def cuts(self, most_units: float = inf) -> tuple[Cost, list[int]]:
        """The least cost, and the places to cut, the ends of the line among them; `TooDear` if it is more units."""
        length = self._length
        heap: list[tuple[int, int, int, int]] = [
            (0, 0, 0, 0)
        ]  # units, calls, minus the place, the one before
        before: dict[int, int] = {}
        furthest = -1
        while heap:
            units, calls, minus, source = heappop(heap)
            place = -minus
            if place <= furthest:
                continue
            furthest = place
            if units + self.least_units(place) > most_units:
                continue
            before[place] = source
            if place == length:
                break
            for more, end in self._ends(place):
                heappush(heap, (units + more, calls + 1, -end, place))
        if length not in before:
            raise TooDear
        cuts = [length]
        while cuts[-1]:
            cuts.append(before[cuts[-1]])
        return Cost(units, calls), cuts[::-1]

    def _ends(self, first: int) -> Iterator[tuple[int, int]]:
        """The furthest ends of a call that begins here, for each number of units, beginning with the fewest."""
        total = self._bytes
        limit = min(first + CALL_RECORDS, self._length)
        # Of more than one record that is repeated what the runs say that begin or go on here, each up to its end.
        runs = sorted(
            [
                (ends[first], sizes[values[first]])
                for ends, values, sizes in self._columns
                if ends[first] > first + 1
            ]
        )
        repeated = sum([size for _, size in runs])
        rest = self._fixed - total[first]
        end = first + 1
        units = -(-(total[end] + rest) // UNIT_BYTES)
        for run_end, size in (*runs, (limit, 0)):
            stop = min(run_end, limit)
            # The bytes of a call that ends at e are over + total[e] - repeated * e.
            over = rest + repeated * (first + 1)
            while end < stop:
                left = units * UNIT_BYTES - over
                if total[stop] - repeated * stop <= left:
                    end = stop
                else:
                    end = _last_within(total, repeated, left, end, stop)
                    yield units, end
                    units = -(-(total[end + 1] - repeated * (end + 1) + over) // UNIT_BYTES)
            if stop == limit:
                break
            repeated -= size
        yield units, limit


def _last_within(total: Sequence[int], repeated: int, left: int, low: int, high: int) -> int:
    """The last place from `low`, before `high`, up to which no more than `left` bytes are taken; `low` if none is."""
    # Records of a stretch are nearly of a size, so the first guess is nearly right.
    least = total[low] - repeated * low
    place = low + (left - least) * (high - low) // (total[high] - repeated * high - least)
    place = min(max(place, low), high - 1)
    while place > low and total[place] - repeated * place > left:
        place -= 1
    while total[place + 1] - repeated * (place + 1) <= left:
        place += 1
    return place


def _runs(values: Sequence[int]) -> tuple[list[int], list[int]]:
    """The ends and the lengths of the runs of equal values."""
    count = len(values)
    ends = [*compress(range(1, count), map(ne, values, values[1:])), count]
    return ends, list(map(sub, ends, [0, *ends]))


def _spread(of_runs: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """The number of each run, for each of its places."""
    return list(chain.from_iterable(map(repeat, of_runs, lengths)))
