"""Windows of points of the past: what the aggregator would have written, had each point come in time."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group, Selection
from handlers.domain.alerts.rules.statistic import Part
from handlers.domain.alerts.windows.aggregation import WindowAggregate, capped
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.domain.alerts.windows.selection_index import MetricSelections, SelectionIndex
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.statistics.counters import Counters, series_name
from handlers.domain.alerts.windows.window_items import WindowItem, packed_window
from handlers.domain.point import Series
from handlers.domain.timestamp import NS_PER_S
from ops.history.asked import Readings

KnownOf = Callable[[Selection], Set[Group]]
# The values of a group in one window; and of counters, the times and values of each of its series.
_Values = list[list[float]]
_Followed = dict[str, list[tuple[int, float]]]


@dataclass(frozen=True, slots=True)
class OpenItem(WindowItem):
    """A window item that was never packed: it is read by this process alone."""

    content: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def _content(self) -> dict[str, dict[str, Any]]:
        return dict(self.content)


@dataclass(slots=True)
class _Cell:
    """The points of one group in one window."""

    values: _Values
    # None where no rule follows counters.
    series: _Followed | None = None


class StoredWindows:
    """The windows that stored points make, each handed out once, when its period is over."""

    def __init__(self, rules: Iterable[Rule], timing: Timing, group_cap: int) -> None:
        self._index = SelectionIndex(rules)
        self._timing, self._group_cap = timing, group_cap
        # By metric, place of the selection and start of the period.
        self._cells: dict[tuple[str, int, int], dict[Group, _Cell]] = {}
        self._items = 0
        self._from_s = 0
        # What is known of a series is kept by its identity.
        self._series: dict[Series, Series] = {}

    def add(self, readings: Readings) -> None:
        """Takes points, of periods that were not handed out."""
        name = readings.metric.metric_name
        selections = self._index.by_metric[name]
        series = Series(name, readings.metric_type, readings.dimensions)
        series = self._series.setdefault(series, series)
        places = selections.places_of(series)
        if not places:
            return
        if readings.metric.whole_series:
            self._add_series(name, selections, series, readings)
            return
        step_s = readings.metric.unit_ns // NS_PER_S
        steps: dict[int, list[float]] = defaultdict(list)
        for step, value in zip(readings.times, readings.values, strict=True):
            steps[step].append(value)
        for place, group in places:
            period_s = selections.selections[place].period_s
            for step, values in steps.items():
                start_s = step * step_s // period_s * period_s
                if start_s >= self._from_s:
                    self._cell(name, place, start_s, group).values.append(values)

    def _add_series(
        self, name: str, selections: MetricSelections, series: Series, readings: Readings
    ) -> None:
        step_ns = selections.step_s * NS_PER_S
        steps: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for reading in zip(readings.times, readings.values, strict=True):
            steps[reading[0] // step_ns].append(reading)
        for place, group in selections.places_of(series):
            selection = selections.selections[place]
            own = series_name(series, selection.by)
            for step, found in steps.items():
                start_s = step * selections.step_s // selection.period_s * selection.period_s
                if start_s < self._from_s:
                    continue
                cell = self._cell(name, place, start_s, group)
                cell.values.append([value for _, value in found])
                if cell.series is None:
                    cell.series = defaultdict(list)
                cell.series[own] += found

    def _cell(self, name: str, place: int, start_s: int, group: Group) -> _Cell:
        groups = self._cells.setdefault((name, place, start_s), {})
        cell = groups.get(group)
        if cell is None:
            cell = groups[group] = _Cell([])
        return cell

    def ended(self, end_s: int, known: KnownOf) -> OpenItem | None:
        """The item of all windows that end by then, None if there are none; `known` groups come first under the cap."""
        content: dict[str, dict[str, Any]] = {}
        for key in [key for key in self._cells if self._end_s(key) <= end_s]:
            name, place, start_s = key
            metric = self._index.by_metric[name]
            selection, groups = metric.selections[place], self._cells.pop(key)
            full = len(groups) > self._group_cap
            kept = capped(groups, self._group_cap, known(selection) if full else frozenset())
            parts = metric.parts[place]
            sets = {group: _set_of(groups[group], parts) for group in kept}
            aggregate = WindowAggregate(sets, len(groups) - len(sets))
            content.setdefault(metric.ids[place], {})[str(start_s)] = packed_window(aggregate, start_s)
        if not content:
            return None
        self._items += 1
        interval_start_s = end_s - self._timing.interval_s
        batch = BatchRange("history", self._items, self._items)
        return OpenItem(interval_start_s, batch, 1, 1, interval_start_s * 1000, b"", content)

    def forget_before(self, time_s: int) -> None:
        """Drops the windows that begin before, also those to come: they lack points that nobody could read."""
        self._from_s = time_s
        for key in [key for key in self._cells if key[2] < time_s]:
            del self._cells[key]

    def _end_s(self, key: tuple[str, int, int]) -> int:
        name, place, start_s = key
        return start_s + self._index.by_metric[name].selections[place].period_s


def _set_of(cell: _Cell, parts: Set[Part]) -> StatisticSet:
    values = cell.values[0] if len(cell.values) == 1 else list(chain.from_iterable(cell.values))
    return StatisticSet.of(values, parts, Counters(cell.series) if Part.COUNTERS in parts else None)
