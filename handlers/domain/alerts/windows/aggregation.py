"""Aggregates the points of a batch by window: one statistic set for each selection, period and group."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import NamedTuple

from handlers.domain.alerts.periods import Timing, period_start
from handlers.domain.alerts.rules.selection import Group, Selection, group_rank
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.point import Point
from handlers.domain.timestamp import NS_PER_S


class Window(NamedTuple):
    """A period of event time, named by its start, of the points that a selection asks for."""

    selection_id: str
    start_s: int


@dataclass(frozen=True, slots=True)
class WindowAggregate:
    """The statistic sets of a window's groups, and how many groups a cap kept out."""

    sets: Mapping[Group, StatisticSet]
    dropped: int = 0


WindowAggregates = Mapping[Window, WindowAggregate]
KnownOf = Callable[[Selection], Set[Group]]


@dataclass(slots=True)
class BatchAggregates:
    """The windows of a batch, how many points they hold, and how many points were later than is allowed."""

    windows: dict[Window, WindowAggregate] = field(default_factory=dict)
    points: int = 0
    too_late: int = 0


def aggregate(
    points: Iterable[Point],
    selections: Iterable[Selection],
    now_s: float,
    timing: Timing,
    group_cap: int,
    known: KnownOf = lambda _: frozenset(),
) -> BatchAggregates:
    """The windows of a batch, those that selections share once.

    Of a window, at most `group_cap` groups are kept, and as many of all windows of a selection that are late; of those
    the newest come first. `known` is asked for the groups that come first where there are more.
    """
    values: dict[Window, dict[Group, list[float]]] = defaultdict(lambda: defaultdict(list))
    result = BatchAggregates()
    by_id = {selection.selection_id: selection for selection in dict.fromkeys(selections)}
    by_metric: dict[str, list[tuple[str, Selection]]] = defaultdict(list)
    for selection_id, selection in by_id.items():
        by_metric[selection.metric_name].append((selection_id, selection))
    for point in points:
        time_s = point.time_ns // NS_PER_S
        for selection_id, selection in by_metric.get(point.series.metric_name, ()):
            group = selection.group_of(point.series)
            if group is None:
                continue
            start_s = period_start(time_s, selection.period_s)
            if start_s + selection.period_s + timing.allowed_lateness_s < now_s:
                result.too_late += 1
                continue
            values[Window(selection_id, start_s)][group].append(point.value)
            result.points += 1
    late_room = dict.fromkeys(by_id, group_cap)
    for window in sorted(values, key=lambda window: -window.start_s):
        groups, selection = values[window], by_id[window.selection_id]
        is_late = timing.late_after(window.start_s + selection.period_s) < now_s
        cap = late_room[window.selection_id] if is_late else group_cap
        kept = capped(groups, cap, known(selection) if len(groups) > cap else frozenset())
        sets = {group: StatisticSet.of(groups[group]) for group in kept}
        if is_late:
            late_room[window.selection_id] -= len(kept)
            lost = sum(map(len, groups.values())) - sum(item.count for item in sets.values())
            result.too_late, result.points = result.too_late + lost, result.points - lost
        result.windows[window] = WindowAggregate(sets, len(groups) - len(sets))
    return result


def capped(groups: Iterable[Group], cap: int, known: Set[Group] = frozenset()) -> list[Group]:
    """The groups that a cap keeps, known ones first; those of parts and then of their union are those of the whole."""
    listed = list(groups)
    if len(listed) <= cap:
        return listed
    return nsmallest(cap, listed, key=lambda group: (group not in known, group_rank(group)))
