"""Everything that is known of a period: the partials of all shards and batches, merged."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.selection import Group, Selection, group_rank
from handlers.domain.alerts.windows.aggregation import GroupedSets, capped
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.window_items import Partial, without_duplicates

SOURCES_SHOWN = 3


@dataclass(slots=True)
class GroupEvidence:
    """One group's statistic set of one period, and where it came from."""

    statistics: StatisticSet
    sources: list[str] = field(default_factory=list)
    late: bool = False


@dataclass(slots=True)
class PeriodEvidence:
    """The groups of one selection in one period. Beyond the cap, groups are unknown rather than missing."""

    groups: dict[Group, GroupEvidence] = field(default_factory=dict)
    dropped: int = 0
    last_kept: bytes = b""

    def is_unknown(self, group: Group) -> bool:
        """True if a cap kept the group out, so that nothing can be said of it."""
        return self.dropped > 0 and group not in self.groups and group_rank(group) > self.last_kept


# By selection id, then by start of the period.
Merged = Mapping[str, Mapping[int, PeriodEvidence]]


def merge(
    partials: Iterable[Partial],
    wanted: Collection[tuple[Selection, int]],
    timing: Timing,
    group_cap: int,
) -> Merged:
    """The evidence for the wanted periods, the same in whatever order and shape the partials came."""
    ends = {(selection.selection_id, start): start + selection.period for selection, start in wanted}
    periods = {key: PeriodEvidence() for key in ends}
    for partial in without_duplicates(partials):
        for key, found in partial.sets(ends):
            late = timing.is_late(partial.written_at_ms / 1000, ends[key])
            _add(periods[key], found, partial.source, late=late)
    merged: dict[str, dict[int, PeriodEvidence]] = defaultdict(dict)
    for (name, start), period in periods.items():
        _cap(period, group_cap)
        merged[name][start] = period
    return merged


def _add(period: PeriodEvidence, found: GroupedSets, source: str, *, late: bool) -> None:
    period.dropped = max(period.dropped, found.dropped)
    for group, statistics in found.sets.items():
        known = period.groups.get(group)
        if known is None:
            period.groups[group] = known = GroupEvidence(statistics)
        else:
            known.statistics = known.statistics.merge(statistics)
        known.sources.append(source)
        known.late = known.late or late


def _cap(period: PeriodEvidence, group_cap: int) -> None:
    kept = capped(period.groups, group_cap)
    if len(kept) < len(period.groups):
        period.dropped += len(period.groups) - len(kept)
        period.groups = {group: period.groups[group] for group in kept}
    if period.dropped:
        period.last_kept = max(map(group_rank, period.groups))
