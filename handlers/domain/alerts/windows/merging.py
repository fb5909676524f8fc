"""Merges window aggregates: everything that is known of a window, from all shards and batches."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.selection import Group, Selection, group_rank
from handlers.domain.alerts.windows.aggregation import Window, WindowAggregate, capped
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.window_items import WindowItem, without_duplicates


@dataclass(slots=True)
class GroupAggregate:
    """The statistic set of a group in one window, the sources of the items it came from, and if one came late."""

    statistics: StatisticSet
    sources: list[str] = field(default_factory=list)
    late: bool = False


@dataclass(slots=True)
class MergedWindow:
    """The groups of a window. Beyond the cap, groups are unknown rather than missing."""

    groups: dict[Group, GroupAggregate] = field(default_factory=dict)
    dropped: int = 0
    last_kept: bytes = b""

    def is_unknown(self, group: Group) -> bool:
        """True if a cap kept the group out, so that nothing can be said of it."""
        return self.dropped > 0 and group not in self.groups and group_rank(group) > self.last_kept


# By selection id, then by start of the period.
MergedWindows = Mapping[str, Mapping[int, MergedWindow]]


def merge_windows(
    items: Iterable[WindowItem],
    wanted: Collection[tuple[Selection, int]],
    timing: Timing,
    group_cap: int,
) -> MergedWindows:
    """The wanted windows (selections and starts of periods), the same in whatever order and shape the items came."""
    ends = {
        Window(selection.selection_id, start_s): start_s + selection.period_s for selection, start_s in wanted
    }
    merged = {window: MergedWindow() for window in ends}
    for item in without_duplicates(items):
        for window, aggregate in item.aggregates(ends):
            late = timing.is_late(item.written_at_ms / 1000, ends[window])
            _add(merged[window], aggregate, item.source, late=late)
    by_selection: dict[str, dict[int, MergedWindow]] = defaultdict(dict)
    for window, content in merged.items():
        _cap(content, group_cap)
        by_selection[window.selection_id][window.start_s] = content
    return by_selection


def _add(merged: MergedWindow, aggregate: WindowAggregate, source: str, *, late: bool) -> None:
    merged.dropped = max(merged.dropped, aggregate.dropped)
    for group, statistics in aggregate.sets.items():
        known = merged.groups.get(group)
        if known is None:
            merged.groups[group] = known = GroupAggregate(statistics)
        else:
            known.statistics = known.statistics.merge(statistics)
        known.sources.append(source)
        known.late = known.late or late


def _cap(merged: MergedWindow, group_cap: int) -> None:
    kept = capped(merged.groups, group_cap)
    if len(kept) < len(merged.groups):
        merged.dropped += len(merged.groups) - len(kept)
        merged.groups = {group: merged.groups[group] for group in kept}
    if merged.dropped:
        merged.last_kept = max(map(group_rank, merged.groups))
