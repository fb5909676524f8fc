"""A batch's evidence as items of the windows table, and back, without counting anything twice."""

import zlib
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.windows.aggregation import Evidence, GroupedSets
from handlers.domain.alerts.windows.statistic_set import StatisticSet, total_text

# An item holds 400 KB; the rest is for its keys and for safety.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html
ITEM_BYTES = 350_000


class BatchRange(NamedTuple):
    """The records of a shard, from one sequence number to another, that a batch consisted of."""

    shard: str
    first: int
    last: int


class WindowItem(NamedTuple):
    """One item of the windows table. `source` says which part of which batch it is; times are milliseconds."""

    tick: int
    source: str
    written_at_ms: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Partial:
    """An item that was read: where it came from, and the evidence in it, still packed.

    It is unpacked anew for each use: a period of an hour and late points need the items of hours, which packed take
    a tenth of the memory, or less.
    """

    tick: int
    range: BatchRange
    part: int
    parts: int
    written_at_ms: int
    source: str
    data: bytes

    def periods(self) -> Iterator[tuple[str, int]]:
        """The selections and periods it says something of."""
        for selection, periods in self._content().items():
            for start in periods:
                yield selection, int(start)

    def sets(self, wanted: Container[tuple[str, int]]) -> Iterator[tuple[tuple[str, int], GroupedSets]]:
        """What it says of those of its selections and periods that are wanted."""
        for selection, periods in self._content().items():
            for start, packed in periods.items():
                if (selection, int(start)) in wanted:
                    yield (selection, int(start)), _unpack(packed)

    def _content(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = orjson.loads(zlib.decompress(self.data))
        return found


def window_items(evidence: Evidence, source: BatchRange, now: float, timing: Timing) -> list[WindowItem]:
    """The items to write now, together or not at all: one, unless it were too large or knew of the far future.

    Whoever judges a period reads from one tick before its start; what is said of a period that starts later than
    that goes to the tick where it will be looked for.
    """
    tick = timing.tick_of(now)
    by_tick: dict[int, dict[tuple[str, int], GroupedSets]] = defaultdict(dict)
    for (selection, start), sets in evidence.items():
        ahead = timing.tick_of(start)
        by_tick[ahead if ahead > tick + timing.tick else tick][selection, start] = sets
    return [
        WindowItem(target, _source_text(source, part, len(parts)), int(now * 1000), data)
        for target, share in sorted(by_tick.items())
        for parts in [list(_packed(share))]
        for part, data in enumerate(parts, start=1)
    ]


def read_item(item: WindowItem) -> Partial:
    """What an item says."""
    shard, records, part = item.source.rsplit("#", 2)
    first, _, last = records.partition("-")
    number, _, parts = part.partition("/")
    return Partial(
        tick=item.tick,
        range=BatchRange(shard, int(first), int(last)),
        part=int(number),
        parts=int(parts),
        written_at_ms=item.written_at_ms,
        source=item.source,
        data=item.data,
    )


def without_duplicates(partials: Iterable[Partial]) -> list[Partial]:
    """The partials in which every record counts once.

    A batch that is sent again, whole or in halves, has the range of the first attempt or one inside it. So of
    ranges with the same records the last written one stays, and ranges inside others go.
    """
    writes: dict[BatchRange, dict[int, list[Partial]]] = defaultdict(lambda: defaultdict(list))
    for partial in partials:
        writes[partial.range][partial.written_at_ms].append(partial)
    kept: list[Partial] = []
    reached: dict[str, int] = {}
    for source in sorted(writes, key=lambda item: (item.shard, item.first, -item.last)):
        whole = {at: write for at, write in writes[source].items() if _is_whole(write)}
        if whole and source.last > reached.get(source.shard, -1):
            reached[source.shard] = source.last
            # What was known since the first attempt does not become late by another one.
            kept.extend(replace(partial, written_at_ms=min(whole)) for partial in whole[max(whole)])
    return kept


def _is_whole(write: Iterable[Partial]) -> bool:
    """True if all parts are there, in each tick of which one is."""
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    for partial in write:
        found[partial.tick, partial.parts].add(partial.part)
    return all(len(numbers) == parts for (_, parts), numbers in found.items())


def _source_text(source: BatchRange, part: int, parts: int) -> str:
    return f"{source.shard}#{source.first}-{source.last}#{part}/{parts}"


def _packed(evidence: Evidence) -> Iterator[bytes]:
    nested: dict[str, dict[str, Any]] = defaultdict(dict)
    for (selection, start), sets in evidence.items():
        nested[selection][str(start)] = _pack(sets)
    data = zlib.compress(orjson.dumps(nested), 6)
    if len(data) <= ITEM_BYTES:
        yield data
        return
    for half in _halves(evidence):
        yield from _packed(half)


def _halves(evidence: Evidence) -> tuple[Evidence, Evidence]:
    entries = list(evidence.items())
    middle = len(entries) // 2
    if middle:
        return dict(entries[:middle]), dict(entries[middle:])
    key, whole = entries[0]
    groups = list(whole.sets.items())
    middle = len(groups) // 2
    return {key: GroupedSets(dict(groups[:middle]), whole.dropped)}, {key: GroupedSets(dict(groups[middle:]))}


def _pack(grouped: GroupedSets) -> dict[str, Any]:
    """Columns compress better than rows, and a group with one point needs its value once."""
    groups = sorted(grouped.sets, key=lambda group: [value or "" for value in group])
    sets = [grouped.sets[group] for group in groups]
    packed = {
        "g": groups,
        "n": [item.count for item in sets],
        "t": ",".join(total_text(item.total) for item in sets),
        "l": ",".join("" if item.count == 1 else _text(item.minimum) for item in sets),
        "h": ",".join("" if item.count == 1 else _text(item.maximum) for item in sets),
    }
    return {**packed, "d": grouped.dropped} if grouped.dropped else packed


def _unpack(packed: Mapping[str, Any]) -> GroupedSets:
    sets: dict[Group, StatisticSet] = {}
    columns = (packed["t"].split(","), packed["l"].split(","), packed["h"].split(","))
    if packed["g"]:
        for group, count, total, low, high in zip(packed["g"], packed["n"], *columns, strict=True):
            sets[tuple(group)] = StatisticSet(
                count, Decimal(total), float(low or total), float(high or total)
            )
    return GroupedSets(sets, packed.get("d", 0))


def _text(number: float) -> str:
    return repr(number).removesuffix(".0")
