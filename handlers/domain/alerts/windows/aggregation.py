"""Aggregates the points of a batch by window: one statistic set for each selection, period and group."""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import chain
from typing import NamedTuple

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.selection import Group, Selection, group_rank
from handlers.domain.alerts.rules.statistic import Part
from handlers.domain.alerts.windows.explosion import Explosion
from handlers.domain.alerts.windows.selection_index import MetricSelections, Places, SelectionIndex
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.statistics.counters import Counters
from handlers.domain.point import Point
from handlers.domain.timestamp import NS_PER_S


class Window(NamedTuple):
    """A period of event time, named by its start, of the points that a selection asks for."""

    selection_id: str
    start_s: int


@dataclass(frozen=True, slots=True)
class WindowAggregate:
    """The statistic sets of a window's groups, and how many groups a cap kept out, and who made so many."""

    sets: Mapping[Group, StatisticSet]
    dropped: int = 0
    explosion: Explosion | None = None


WindowAggregates = Mapping[Window, WindowAggregate]
KnownOf = Callable[[Selection], Set[Group]]

# Points of one series in one step; and the runs of each group, by the place of its selection and its period's start.
Run = list[Point]
Cells = dict[tuple[int, int], dict[Group, list[Run]]]

# So many cells of one metric are held at once, some 80 MB: more are reduced a part of the selections after the other.
_CELLS = 400_000


@dataclass(slots=True)
class BatchAggregates:
    """The windows of a batch, how many points they hold, and how many points were later than is allowed."""

    windows: dict[Window, WindowAggregate] = field(default_factory=dict)
    points: int = 0
    too_late: int = 0


def aggregate(
    points: Iterable[Point],
    index: SelectionIndex,
    now_s: float,
    timing: Timing,
    group_cap: int,
    known: KnownOf = lambda _: frozenset(),
) -> BatchAggregates:
    """The windows of a batch, those that selections share once.

    Of a window, at most `group_cap` groups are kept, and as many of all windows of a selection that are late; of those
    the newest come first. `known` is asked for the groups that come first where there are more.
    """
    result = BatchAggregates()
    of_metric: dict[str, list[Point]] = {name: [] for name in index.by_metric}
    for point in points:
        asked_for = of_metric.get(point.series.metric_name)
        if asked_for is not None:
            asked_for.append(point)
    for name, some in of_metric.items():
        metric = index.by_metric[name]
        steps = _runs_of(some, metric)
        turns = 1 + sum(len(places) for runs in steps.values() for places, _ in runs) // _CELLS
        for turn in range(turns):
            cells = _cells_of(steps, metric, range(turn, len(metric.selections), turns))
            _reduce(cells, metric, now_s, timing, group_cap, known, result)
    return result


def _runs_of(points: Iterable[Point], metric: MetricSelections) -> dict[int, list[tuple[Places, Run]]]:
    """The points of each series together, by the start (s) of the step they lie in, with the series' groups."""
    step_ns = metric.step_s * NS_PER_S
    steps: dict[int, dict[int, tuple[Places, Run]]] = {}
    begin_ns = end_ns = 0
    inside: dict[int, tuple[Places, Run]] = {}
    for point in points:
        series, time_ns = point.series, point.time_ns
        if not begin_ns <= time_ns < end_ns:
            begin_ns = time_ns - time_ns % step_ns
            end_ns = begin_ns + step_ns
            inside = steps.setdefault(begin_ns // NS_PER_S, {})
        found = inside.get(id(series))
        if found is None:
            inside[id(series)] = metric.places_of(series), [point]
        else:
            found[1].append(point)
    return {start_s: [found for found in runs.values() if found[0]] for start_s, runs in steps.items()}


def _cells_of(
    steps: Mapping[int, Iterable[tuple[Places, Run]]], metric: MetricSelections, chosen: range
) -> Cells:
    """The runs of each group, by the place of a chosen selection and the start (s) of its period."""
    cells: Cells = {}
    periods = [selection.period_s for selection in metric.selections]
    for step_s, runs in steps.items():
        here: list[dict[Group, list[Run]] | None] = [None] * len(periods)
        for places, run in runs:
            for place, group in places:
                groups = here[place]
                if groups is None:
                    if place not in chosen:
                        continue
                    start_s = step_s - step_s % periods[place]
                    groups = here[place] = cells.setdefault((place, start_s), {})
                cell = groups.get(group)
                if cell is None:
                    groups[group] = [run]
                else:
                    cell.append(run)
    return cells


def _reduce(
    cells: Cells,
    metric: MetricSelections,
    now_s: float,
    timing: Timing,
    group_cap: int,
    known: KnownOf,
    result: BatchAggregates,
) -> None:
    """Adds the windows that cells make, the newest first, as far as they are not too late and the cap has room."""
    late_room = dict.fromkeys(range(len(metric.selections)), group_cap)
    for place, start_s in sorted(cells, key=lambda cell: -cell[1]):
        groups, selection = cells[place, start_s], metric.selections[place]
        end_s = start_s + selection.period_s
        if end_s + timing.allowed_lateness_s < now_s:
            result.too_late += _points_of(groups.values())
            continue
        is_late = timing.late_after(end_s) < now_s
        cap = late_room[place] if is_late else group_cap
        before = known(selection) if len(groups) > cap else frozenset()
        kept = capped(groups, cap, before)
        parts = metric.parts[place]
        sets = {
            group: StatisticSet.of(
                [point.value for run in groups[group] for point in run],
                parts,
                Counters.of(chain.from_iterable(groups[group]), selection.by)
                if Part.COUNTERS in parts
                else None,
            )
            for group in kept
        }
        result.points += sum([item.count for item in sets.values()])
        left_out = (
            _points_of(groups[group] for group in groups.keys() - sets.keys())
            if len(sets) < len(groups)
            else 0
        )
        if is_late:
            late_room[place] -= len(kept)
            result.too_late += left_out
        else:
            result.points += left_out
        explosion = _explosion(selection, groups, before) if len(sets) < len(groups) else None
        window = Window(metric.ids[place], start_s)
        result.windows[window] = WindowAggregate(sets, len(groups) - len(sets), explosion)


def _explosion(
    selection: Selection, groups: Mapping[Group, Iterable[Run]], before: Set[Group]
) -> Explosion | None:
    """Who made so many groups; those that were known before did not."""
    new = {group: runs for group, runs in groups.items() if group not in before}
    senders = [next(iter(runs))[0].record.client for runs in new.values()]
    return Explosion.of(selection.by, new, senders) if selection.by and new else None


def _points_of(groups: Iterable[Iterable[Run]]) -> int:
    return sum(len(run) for runs in groups for run in runs)


def capped(groups: Iterable[Group], cap: int, known: Set[Group] = frozenset()) -> list[Group]:
    """The groups that a cap keeps, known ones first; those of parts and then of their union are those of the whole."""
    listed = list(groups)
    if len(listed) <= cap:
        return listed
    return nsmallest(cap, listed, key=lambda group: (group not in known, group_rank(group)))
