"""Merges window aggregates: what was known of some windows at a time, from all shards and batches.

An hour of a thousand groups is half a million statistic sets, so sets are added up in place, without those columns that
no rule of the selection asks for.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.rules.statistic import Part
from handlers.domain.alerts.windows.aggregation import Window
from handlers.domain.alerts.windows.exact_sum import EXACT
from handlers.domain.alerts.windows.explosion import Explosion
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.statistics.counters import Counters, add_counters
from handlers.domain.alerts.windows.statistics.sketch import Sketch
from handlers.domain.alerts.windows.statistics.squares import Squares
from handlers.domain.alerts.windows.window_items import WindowItem

SOURCES_SHOWN = 3
# So many times fewer groups than an item has are looked up in it one by one.
_FEW = 16


@dataclass(frozen=True, slots=True)
class Wanted:
    """The part of a window that is wanted: the `names` of all groups; the counts of some groups, None for all, with
    these parts of their statistic sets.

    What was written after `ready_s` came late.
    """

    ready_s: int
    names: bool = False
    counts: bool = False
    parts: Set[Part] = frozenset()
    groups: Set[Group] | None = None
    # The start of the window before, which counters go on from.
    before_s: int | None = None

    def __or__(self, other: "Wanted") -> "Wanted":
        mine, its = self._groups(), other._groups()
        groups = None if mine is None or its is None else mine | its
        names, counts = self.names or other.names, self.counts or other.counts
        before_s = other.before_s if self.before_s is None else self.before_s
        return Wanted(self.ready_s, names, counts, self.parts | other.parts, groups, before_s)

    def _groups(self) -> Set[Group] | None:
        return self.groups if self.counts else frozenset()


class GroupSums:
    """The sums of one group in one window, as far as they are wanted, and the first sources they came from."""

    __slots__ = ("count", "counters", "maximum", "minimum", "sketch", "sources", "squares", "total")

    def __init__(self, count: int, total: Decimal, minimum: float, maximum: float, source: str) -> None:
        self.count, self.total, self.minimum, self.maximum = count, total, minimum, maximum
        self.squares: Squares | None = None
        self.sketch: Sketch | None = None
        self.counters: Counters | None = None
        self.sources = [source]

    def statistics(self) -> StatisticSet:
        """The sums as a statistic set; what was not wanted of it is not true."""
        parts = self.squares, self.sketch, self.counters
        return StatisticSet(self.count, self.total, self.minimum, self.maximum, *parts)


# Not frozen: there is one for each datapoint, and a frozen one takes longer to make.
@dataclass(slots=True)
class GroupAggregate:
    """A group's statistic set in one window and its sources; `on_time` is that without what came late, if any did.

    `before` is what its counters were at in the window before, by the points that came in time.
    """

    statistics: StatisticSet
    sources: tuple[str, ...] = ()
    late: bool = False
    on_time: StatisticSet | None = None
    before: Counters | None = None
    # Of a ratio, the same group in the window of its numerator; and whether that left it out, so that it is unknown.
    numerator: "GroupAggregate | None" = None
    lacks_numerator: bool = False

    @property
    def is_late(self) -> bool:
        """True if some of its points came late."""
        return self.late or (self.numerator is not None and self.numerator.late)


@dataclass(slots=True)
class MergedWindow:
    """The groups of a window: those heard of in time, and what came late of them.

    `dropped` says that a batch left groups out, those behind all that it kept: of a group that is not here, it is then
    not known that it was silent.
    """

    groups: dict[Group, GroupSums | None] = field(default_factory=dict)
    late: dict[Group, GroupSums | None] = field(default_factory=dict)
    dropped: int = 0
    # Who made so many groups in the batch that had the most new ones.
    explosion: Explosion | None = None
    before: "MergedWindow | None" = None
    # Of a ratio's denominator, the window of its numerator.
    numerator: "MergedWindow | None" = None

    def __contains__(self, group: Group) -> bool:
        return group in self.groups or group in self.late

    @property
    def names(self) -> Set[Group]:
        """All groups of the window."""
        return self.groups.keys() | self.late.keys() if self.late else self.groups.keys()

    def aggregate(self, group: Group) -> GroupAggregate | None:
        """The aggregate of a group; None if it was not heard of."""
        found = self._own_aggregate(group)
        if found is None or self.numerator is None:
            return found
        found.numerator = self.numerator.aggregate(group)
        found.lacks_numerator = found.numerator is None and self.numerator.dropped > 0
        return found

    def _own_aggregate(self, group: Group) -> GroupAggregate | None:
        on_time, late = self.groups.get(group), self.late.get(group)
        if late is None:
            if on_time is None:
                return None
            return GroupAggregate(
                on_time.statistics(), tuple(on_time.sources), before=self._counters_before(group)
            )
        before = self._counters_before(group)
        if on_time is None:
            return GroupAggregate(late.statistics(), tuple(late.sources), late=True, before=before)
        sources = sorted((*on_time.sources, *late.sources))[:SOURCES_SHOWN]
        first = on_time.statistics()
        return GroupAggregate(
            first.merge(late.statistics()), tuple(sources), late=True, on_time=first, before=before
        )

    def _counters_before(self, group: Group) -> Counters | None:
        found = None if self.before is None else self.before.groups.get(group)
        return None if found is None else found.counters


# By window; a window of which nothing was found is empty.
MergedWindows = Mapping[Window, MergedWindow]


def merge_windows(
    items: Iterable[WindowItem],
    wanted: Mapping[Window, Wanted],
    go_on: Callable[[], object] = lambda: None,
) -> MergedWindows:
    """The wanted windows of these items, in which every record counts once; the same in whatever order they came.

    `go_on` is called before each item, and may raise where it takes too long.
    """
    merged = {window: MergedWindow() for window in wanted}
    ids = {window.selection_id for window in wanted}
    if not ids:
        return merged
    for item in sorted(items, key=lambda item: item.source):
        go_on()
        for window, packed in item.packed(ids):
            wish = wanted.get(window)
            if wish is not None:
                _add(merged[window], window, packed, wish, item)
    for window, wish in wanted.items():
        if wish.before_s is not None:
            merged[window].before = merged.get(Window(window.selection_id, wish.before_s))
    return merged


def _add(
    merged: MergedWindow, window: Window, packed: Mapping[str, Any], wish: Wanted, item: WindowItem
) -> None:
    merged.dropped = max(merged.dropped, packed.get("d", 0))
    if "x" in packed:
        explosion = Explosion.read(packed["x"])
        if merged.explosion is None or explosion.groups > merged.explosion.groups:
            merged.explosion = explosion
    known = merged.late if item.written_at_ms > wish.ready_s * 1000 else merged.groups
    names: list[list[str | None]] = packed["g"]
    if wish.groups is not None and not wish.names and len(wish.groups) * _FEW < len(names):
        found = ((group, _place(names, group)) for group in wish.groups)
        places = [(group, place) for group, place in found if place is not None]
        _add_sums(known, places, packed, wish.parts, item.source)
        _add_parts(known, places, packed, wish.parts, window.start_s)
        return
    groups: list[Group] = list(map(tuple, names))
    if wish.names:
        known.update({group: known.get(group) for group in groups} if wish.counts else dict.fromkeys(groups))
    if wish.counts and groups:
        places = [
            (group, place)
            for place, group in enumerate(groups)
            if wish.groups is None or group in wish.groups
        ]
        _add_sums(known, places, packed, wish.parts, item.source)
        _add_parts(known, places, packed, wish.parts, window.start_s)


def _place(names: Sequence[Sequence[str | None]], group: Group) -> int | None:
    """The place of a group in the names of an item, which are sorted; None if it is not there."""
    place = bisect_left(
        names, [value or "" for value in group], key=lambda name: [value or "" for value in name]
    )
    wanted = list(group)
    # A value that is absent is sorted like an empty one.
    return next(
        (at for at in range(place, min(place + 2 ** len(group), len(names))) if names[at] == wanted), None
    )


def _add_sums(
    known: dict[Group, GroupSums | None],
    places: Collection[tuple[Group, int]],
    packed: Mapping[str, Any],
    parts: Set[Part],
    source: str,
) -> None:
    """Adds the sets of groups at their places, in one loop, as it runs hundreds of thousands of times."""
    counts, totals, lows, highs = (
        packed["n"],
        packed["t"].split(","),
        packed["l"].split(","),
        packed["h"].split(","),
    )
    summed, extremes = Part.TOTAL in parts, Part.EXTREMES in parts
    total, low, high, add = Decimal(0), 0.0, 0.0, EXACT.add
    for group, place in places:
        if summed:
            total = Decimal(totals[place])
        if extremes:
            # A set of one value has its only number in the total; its extremes are empty.
            low, high = float(lows[place] or totals[place]), float(highs[place] or totals[place])
        sums = known.get(group)
        if sums is None:
            known[group] = GroupSums(counts[place], total, low, high, source)
            continue
        sums.count += counts[place]
        if summed:
            sums.total = add(sums.total, total)
        if extremes:
            sums.minimum, sums.maximum = min(sums.minimum, low), max(sums.maximum, high)
        if len(sums.sources) < SOURCES_SHOWN:
            sums.sources.append(source)


def _add_parts(
    known: Mapping[Group, GroupSums | None],
    places: Iterable[tuple[Group, int]],
    packed: Mapping[str, Any],
    parts: Set[Part],
    start_s: int,
) -> None:
    """Adds the parts that are kept on demand, where the item has them."""
    if Part.SQUARES in parts and "s" in packed:
        _add_squares(known, places, packed)
    if Part.SKETCH in parts and "q" in packed:
        _add_sketches(known, places, packed)
    if Part.COUNTERS in parts and "c" in packed:
        for group, place in places:
            sums = known[group]
            if sums is not None:
                sums.counters = sums.counters or Counters()
                add_counters(sums.counters, packed["c"], place, start_s)


def _add_squares(
    known: Mapping[Group, GroupSums | None], places: Iterable[tuple[Group, int]], packed: Mapping[str, Any]
) -> None:
    counts, totals, squares = packed["n"], packed["t"].split(","), packed["s"].split(",")
    for group, place in places:
        sums = known[group]
        more = Squares.read(counts[place], totals[place], squares[place])
        if sums is not None:
            sums.squares = more if sums.squares is None else sums.squares.merge(more)


def _add_sketches(
    known: Mapping[Group, GroupSums | None], places: Iterable[tuple[Group, int]], packed: Mapping[str, Any]
) -> None:
    counts, totals, lows, highs, sketches = (
        packed["n"],
        packed["t"].split(","),
        packed["l"].split(","),
        packed["h"].split(","),
        packed["q"].split(","),
    )
    for group, place in places:
        sums = known[group]
        if sums is not None:
            if sums.sketch is None:
                sums.sketch = Sketch()
            low, high = float(lows[place] or totals[place]), float(highs[place] or totals[place])
            sums.sketch.add(sketches[place], low, high, counts[place])
