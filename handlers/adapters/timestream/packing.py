"""The packing of points: which travel together, so that what they share is sent, and paid for, once.

Timestream meters a write call by the bytes of its names and values, rounded up to 1 KiB, with common attributes
counted once: https://docs.aws.amazon.com/timestream/latest/developerguide/metering-and-pricing.writes.html
"""

from collections.abc import Generator, Sequence
from math import inf
from typing import TypeVar

from handlers.adapters.timestream.cuts import CALL_RECORDS, Cost, TooDear
from handlers.adapters.timestream.prepared import Prepared, Preparer
from handlers.adapters.timestream.schemes import Scheme, plan
from handlers.adapters.timestream.search import HOPE, schemes
from handlers.adapters.timestream.sheet import Calls, Plan, Sheet
from handlers.domain.point import Point

# Kinds of batches that are remembered; a feed has few.
_KINDS = 64
# Small batches are one kind if all their numbers are the same; large ones if they are of about the same size.
_SMALL = 256
# What may be spent on trying schemes, in points that are packed once more: at first, for each point that comes, and
# in the first batch of a kind; in a later one it is one scheme.
_AT_FIRST = 300_000.0
_FOR_EACH = 0.25
_IN_A_BATCH = 20_000.0
# Schemes that are tried on the first batch of columns that were not seen together before, whatever has been spent.
_ON_NEW_COLUMNS = 4

_Kind = tuple[object, ...]
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class _Memory:
    """The best scheme for a kind of batches so far, and those which have not been tried on any of them."""

    def __init__(self, scheme: Scheme | None, sheet: Sheet) -> None:
        self._untried: Generator[Scheme, float, None] = schemes(sheet)
        self.next: Scheme | None = next(self._untried)
        self.scheme = scheme or self.next

    def tell(self, ratio: float) -> None:
        """The units that the next scheme takes, of those that the best one takes for the same batch."""
        try:
            self.next = self._untried.send(ratio)
        except StopIteration:
            self.next = None


class Packer:
    """Packs batches, each by the scheme that was best for batches like it; others are tried as far as time allows."""

    def __init__(self, at_first: float = _AT_FIRST, in_a_batch: float = _IN_A_BATCH) -> None:
        self._allowance = at_first
        self._in_a_batch = in_a_batch
        self._memories: dict[_Kind, _Memory] = {}
        self._latest: dict[tuple[str, ...], Scheme] = {}  # by the columns in which the points differed

    def pack(self, points: Sequence[Point], prepared: Sequence[Prepared]) -> Calls:
        """The positions of the points, each once, as calls of at most 100.

        They take no more units than the points in the order in which they came, a hundred to a call.
        """
        count = len(points)
        if count <= 1:
            return [[0]] * count
        sheet = Sheet(points, prepared)
        # Two calls take two units at least.
        if count <= CALL_RECORDS and sheet.units(range(count), 0) <= 2:
            return [list(range(count))]
        best = self._best(sheet)
        in_order = _in_order(sheet, best.cost)
        return best.calls if in_order is None else in_order

    def _best(self, sheet: Sheet) -> Plan:
        self._allowance += sheet.count * _FOR_EACH
        memory, is_new = self._memory(sheet)
        best = plan(sheet, memory.scheme)
        columns = tuple(sheet.columns)
        left = min(self._allowance, self._in_a_batch if is_new else sheet.count)
        if columns not in self._latest:
            left = max(left, _ON_NEW_COLUMNS * sheet.count)
        while memory.next is not None and left > 0:
            left -= sheet.count
            self._allowance -= sheet.count
            try:
                found = plan(sheet, memory.next, best.cost.units * HOPE)
            except TooDear:
                memory.tell(inf)
                continue
            if found.cost < best.cost:
                best, memory.scheme = found, memory.next
            memory.tell(found.cost.units / best.cost.units)
        self._latest.pop(columns, None)
        if memory.scheme is not None:
            _keep(self._latest, columns, memory.scheme)
        return best

    def _memory(self, sheet: Sheet) -> tuple[_Memory, bool]:
        kind = _kind(sheet)
        memory = self._memories.get(kind)
        if memory is not None:
            return memory, False
        memory = _Memory(self._latest.get(tuple(sheet.columns)), sheet)
        _keep(self._memories, kind, memory)
        return memory, True


def pack(points: Sequence[Point]) -> Calls:
    """The positions of the points as calls, by all schemes that there are: the same points give the same calls."""
    prepared = Preparer().prepare([point.series for point in points])
    return Packer(inf, inf).pack(points, prepared)


def _keep(kept: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    """Add to what is kept; of more than enough, what came first goes."""
    if len(kept) >= _KINDS:
        del kept[next(iter(kept))]
    kept[key] = value


def _kind(sheet: Sheet) -> _Kind:
    """The columns in which the points differ, and how many points and values there are."""
    if sheet.count > _SMALL:
        return (*sheet.columns, sheet.count.bit_length())
    return (*sheet.columns, sheet.count, *[sheet.distinct([name]) for name in sheet.columns])


def _in_order(sheet: Sheet, cost: Cost) -> Calls | None:
    """The points as they came, a hundred to a call, if that costs less."""
    starts = range(0, sheet.count, CALL_RECORDS)
    calls = [range(start, min(start + CALL_RECORDS, sheet.count)) for start in starts]
    # What the first, the last and one between do not share, the call does not share.
    least = sum(
        [sheet.units(call, sheet.repeated((call[0], call[len(call) // 2], call[-1]))) for call in calls]
    )
    if Cost(least, len(calls)) >= cost:
        return None
    units = sum([sheet.units(call, sheet.repeated(call)) for call in calls])
    return [list(call) for call in calls] if Cost(units, len(calls)) < cost else None
