"""Turns the points of a batch into evidence: one statistic set for each selection, period and group."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest

from handlers.domain.alerts.periods import Timing, period_start
from handlers.domain.alerts.rules.selection import Group, SelectionIndex, group_rank
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.point import Point
from handlers.domain.timestamp import NS_PER_S


@dataclass(frozen=True, slots=True)
class GroupedSets:
    """The groups of one selection and period, and how many a cap kept out."""

    sets: Mapping[Group, StatisticSet]
    dropped: int = 0


# By selection id and start of the period.
Evidence = Mapping[tuple[str, int], GroupedSets]


@dataclass(slots=True)
class Aggregated:
    """What a batch says to the rules, and the points that were too late to say anything."""

    evidence: dict[tuple[str, int], GroupedSets] = field(default_factory=dict)
    points: int = 0
    too_late: int = 0


def aggregate(
    points: Iterable[Point], index: SelectionIndex, now: float, timing: Timing, group_cap: int
) -> Aggregated:
    """The evidence in a batch. At most `group_cap` groups of a selection and period are kept, always the same."""
    values: dict[tuple[str, int], dict[Group, list[float]]] = defaultdict(lambda: defaultdict(list))
    result = Aggregated()
    names = {item: item.selection_id for items in index.by_metric.values() for item in items}
    for point in points:
        seconds = point.time_ns // NS_PER_S
        for selection in index.by_metric.get(point.series.metric_name, ()):
            group = selection.group_of(point.series)
            if group is None:
                continue
            start = period_start(seconds, selection.period)
            if start + selection.period + timing.late_limit < now:
                result.too_late += 1
                continue
            values[names[selection], start][group].append(point.value)
            result.points += 1
    for key, groups in values.items():
        kept = capped(groups, group_cap)
        sets = {group: StatisticSet.of(groups[group]) for group in kept}
        result.evidence[key] = GroupedSets(sets, len(groups) - len(sets))
    return result


def capped(groups: Iterable[Group], cap: int) -> list[Group]:
    """The groups that a cap keeps; keeping of parts and then of their union keeps the same as of the whole."""
    listed = list(groups)
    return listed if len(listed) <= cap else nsmallest(cap, listed, key=group_rank)
