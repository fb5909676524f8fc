"""The windows of a batch as items of the windows table, and back, without counting anything twice."""

import zlib
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import orjson

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.windows.aggregation import Window, WindowAggregate, WindowAggregates
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.domain.alerts.windows.known_groups import KnownGroups, in_order
from handlers.domain.alerts.windows.progress import KeyRange, Progress, Reached
from handlers.domain.alerts.windows.statistic_set import columns


@dataclass(frozen=True, slots=True)
class WindowItem:
    """One item of the windows table: a part of a batch's windows, still packed, in the interval it was written in.

    It is unpacked anew for each use: a period of an hour and late points need the items of hours, which packed take
    a tenth of the memory, or less.
    """

    interval_start_s: int
    batch: BatchRange
    part: int
    parts: int
    written_at_ms: int
    data: bytes

    @property
    def source(self) -> str:
        """The shard, records and part of the batch as text: the item's key within its interval."""
        return f"{self.batch.shard}#{self.batch.first}-{self.batch.last}#{self.part}/{self.parts}"

    @classmethod
    def read(cls, interval_start_s: int, source: str, written_at_ms: int, data: bytes) -> "WindowItem":
        """The item that was written with this `source`."""
        shard, records, part = source.rsplit("#", 2)
        first, _, last = records.partition("-")
        number, _, parts = part.partition("/")
        batch = BatchRange(shard, int(first), int(last))
        return cls(interval_start_s, batch, int(number), int(parts), written_at_ms, bytes(data))

    def packed(self, selection_ids: Container[str]) -> Iterator[tuple[Window, Mapping[str, Any]]]:
        """The windows of these selections, each as it is packed."""
        for selection_id, periods in self._content().items():
            if selection_id in selection_ids:
                for start, packed in periods.items():
                    yield Window(selection_id, int(start)), packed

    def _content(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = orjson.loads(zlib.decompress(self.data))
        return found


class WindowsTooLargeError(Exception):
    """A range's windows that are more than can be written at once: it must be cut."""


class Windows(Protocol):
    """Window aggregates by the interval they were written in, who evaluates which interval, and how far that is.

    Intervals are named by their start, in seconds. Every method raises `TransientError` when it may be tried again.
    """

    def cut(self, batch: BatchRange) -> list[BatchRange]:
        """The ranges to write a batch in, from now on the same for all that write these records; see `cuts`."""

    def write(self, aggregates: WindowAggregates, batch: BatchRange) -> int:
        """Writes a range's aggregates, whole or not at all; the bytes it took.

        Raises `WindowsTooLargeError`, with nothing written, if they are too many.
        """

    def read(self, intervals: Iterable[int]) -> list[WindowItem]:
        """All items of these intervals; one that was written in the last moments may be missing."""

    def claim(self, interval_start_s: int, now_s: float) -> bool:
        """True if it is the caller who starts the interval's evaluation; another may make up for it all the same."""

    def give_back(self, interval_start_s: int) -> None:
        """Takes a claim back, so that the interval can be claimed again."""

    def progress(self) -> tuple[Progress, int]:
        """The progress of evaluations, and the time in seconds at which it was written; 0 if it never was."""

    def advance(self, keys: KeyRange, reached: Reached, now_s: float) -> None:
        """Notes that rules are evaluated so far; it never goes back."""

    def known_groups(self, name: str) -> KnownGroups:
        """The groups that were noted under this name."""

    def note_groups(self, name: str, known: KnownGroups) -> None:
        """Notes groups under a name, in place of those before."""


def window_items(
    aggregates: WindowAggregates, batch: BatchRange, now_s: float, timing: Timing, item_bytes: int
) -> list[WindowItem]:
    """The items to write now, together or not at all: one, unless it were too large or knew of the far future.

    An evaluation of a period reads from one interval before its start; a window that starts later than that goes to
    the interval where it will be looked for. No item has more than `item_bytes` of data.
    """
    present_s = timing.interval_of(now_s)
    by_interval: dict[int, dict[Window, WindowAggregate]] = defaultdict(dict)
    for window, aggregate in aggregates.items():
        ahead_s = timing.interval_of(window.start_s)
        interval_start_s = ahead_s if ahead_s > present_s + timing.interval_s else present_s
        by_interval[interval_start_s][window] = aggregate
    return [
        WindowItem(interval_start_s, batch, part, len(parts), int(now_s * 1000), data)
        for interval_start_s, content in sorted(by_interval.items())
        for parts in [list(_packed(content, item_bytes))]
        for part, data in enumerate(parts, start=1)
    ]


def without_duplicates(items: Iterable[WindowItem]) -> list[WindowItem]:
    """The items in which every record counts once.

    All ranges keep to the cuts of their shard, so two are disjoint, or one lies within the other. Of ranges with the
    same records the last written one stays, and ranges inside others go.
    """
    writes: dict[BatchRange, dict[int, list[WindowItem]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        writes[item.batch][item.written_at_ms].append(item)
    kept: list[WindowItem] = []
    reached: dict[str, int] = {}
    for batch in sorted(writes, key=lambda item: (item.shard, item.first, -item.last)):
        whole = {at_ms: write for at_ms, write in writes[batch].items() if _is_whole(write)}
        if whole and batch.last > reached.get(batch.shard, -1):
            reached[batch.shard] = batch.last
            # What was known since the first attempt does not become late by another one.
            kept.extend(replace(item, written_at_ms=min(whole)) for item in whole[max(whole)])
    return kept


def _is_whole(write: Iterable[WindowItem]) -> bool:
    """True if all parts are there, in each interval of which one is."""
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    for item in write:
        found[item.interval_start_s, item.parts].add(item.part)
    return all(len(numbers) == parts for (_, parts), numbers in found.items())


def _packed(aggregates: WindowAggregates, item_bytes: int) -> Iterator[bytes]:
    nested: dict[str, dict[str, Any]] = defaultdict(dict)
    for window, aggregate in aggregates.items():
        nested[window.selection_id][str(window.start_s)] = packed_window(aggregate, window.start_s)
    data = zlib.compress(orjson.dumps(nested), 6)
    if len(data) <= item_bytes:
        yield data
        return
    for half in _halves(aggregates):
        yield from _packed(half, item_bytes)


def _halves(aggregates: WindowAggregates) -> tuple[WindowAggregates, WindowAggregates]:
    entries = list(aggregates.items())
    middle = len(entries) // 2
    if middle:
        return dict(entries[:middle]), dict(entries[middle:])
    window, whole = entries[0]
    groups = list(whole.sets.items())
    if len(groups) == 1:
        [(group, kept)] = groups
        first, second = kept.halves()
        return (
            {window: WindowAggregate({group: first}, whole.dropped, whole.explosion)},
            {window: WindowAggregate({group: second})},
        )
    middle = len(groups) // 2
    return (
        {window: WindowAggregate(dict(groups[:middle]), whole.dropped, whole.explosion)},
        {window: WindowAggregate(dict(groups[middle:]))},
    )


def packed_window(aggregate: WindowAggregate, start_s: int) -> dict[str, Any]:
    """The groups of the window that starts then, and the columns of their sets, as an item has them."""
    groups = in_order(aggregate.sets)
    packed = {"g": groups, **columns([aggregate.sets[group] for group in groups], start_s)}
    if aggregate.dropped:
        packed["d"] = aggregate.dropped
    if aggregate.explosion is not None:
        packed["x"] = aggregate.explosion.document()
    return packed
