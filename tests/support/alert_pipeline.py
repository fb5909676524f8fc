"""The pure parts put together as the functions put them together, over tables that are dictionaries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from handlers.domain.alerts.evaluation.evaluation_range import (
    IntervalRange,
    earlier_intervals_to_read,
    intervals_to_read,
    late_periods,
    wanted_periods,
)
from handlers.domain.alerts.evaluation.rule_evaluation import RuleWindows, evaluate_rule
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertUpdate
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.transition import Transition
from handlers.domain.alerts.windows.aggregation import aggregate
from handlers.domain.alerts.windows.cuts import BatchRange, Cuts
from handlers.domain.alerts.windows.merging import GroupAggregate, MergedWindow, merge_windows
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.window_items import WindowItem, window_items
from handlers.domain.point import Point
from tests.support.points import point

ORIGIN = Origin("eu-west-1", "test")
ITEM_BYTES = 350_000


def a_point(
    time: int, value: float, name: str = "cpu.load", kind: str = "application", **dimensions: str
) -> Point:
    """A point at a second."""
    pairs = tuple(sorted(dimensions.items()))
    return point(name, pairs, metric_type=kind, time_ns=time * 1_000_000_000, value=value)


def a_window(*values: float, late: bool = False) -> MergedWindow:
    """A period in which the one group had these values, or none."""
    if not values:
        return MergedWindow()
    return MergedWindow({(): GroupAggregate(StatisticSet.of(values), ["s-0#1-2#1/1"], late)})


@dataclass
class Pipeline:
    """Rules, a windows table, an alerts table, and what happened."""

    rules: Sequence[Rule]
    timing: Timing
    group_cap: int = 1_000
    windows: dict[tuple[int, str], WindowItem] = field(default_factory=dict)
    cuts: dict[str, Cuts] = field(default_factory=dict)
    alerts: dict[tuple[str, Group], Alert] = field(default_factory=dict)
    transitions: list[tuple[str, Group, Transition]] = field(default_factory=list)
    updates: list[AlertUpdate] = field(default_factory=list)

    def cut(self, batch: BatchRange) -> list[BatchRange]:
        """The ranges that the aggregator writes a batch in."""
        known = self.cuts.get(batch.shard, Cuts(batch.first - 1))
        self.cuts[batch.shard], parts = Cuts.read(str(known)).cut(batch)
        return parts

    def write(self, points: Iterable[Point], batch: BatchRange, now_s: float) -> None:
        """The aggregator's work on a batch."""
        selections = (rule.selection for rule in self.rules)
        found = aggregate(points, selections, now_s, self.timing, self.group_cap).windows
        for item in window_items(found, batch, now_s, self.timing, ITEM_BYTES) if found else ():
            self.windows[item.interval_start_s, item.source] = item

    def evaluate(self, first_s: int, last_s: int | None = None) -> None:
        """An execution's work on one interval or several."""
        intervals = IntervalRange(first_s, first_s if last_s is None else last_s)
        read = intervals_to_read(self.rules, intervals, self.timing)
        items = self._read(read)
        selections = {rule.selection for rule in self.rules}
        late = late_periods(items, selections, intervals, self.timing)
        items += self._read(earlier_intervals_to_read(late, read, intervals, self.timing))
        wanted = wanted_periods(self.rules, late, intervals, self.timing)
        merged = merge_windows(items, wanted, self.timing, self.group_cap)
        for rule in self.rules:
            name = rule.selection.selection_id
            windows = RuleWindows(merged.get(name, {}), late.get(name, frozenset()))
            open_alerts = [
                alert for (key, _), alert in self.alerts.items() if key == rule.key and not alert.is_quiet
            ]
            updates = evaluate_rule(rule, windows, open_alerts, intervals, self.timing, ORIGIN)
            # A healthy alert's item is not looked for, but it is found when it is to be created a second time.
            met = [
                self.alerts[rule.key, update.alert.group]
                for update in updates
                if update.previous is None and (rule.key, update.alert.group) in self.alerts
            ]
            if met:
                alerts = [*open_alerts, *met]
                updates = evaluate_rule(rule, windows, alerts, intervals, self.timing, ORIGIN)
            for update in updates:
                self._save(rule, update)

    def _save(self, rule: Rule, update: AlertUpdate) -> None:
        """As in the table, an item that is written is read again."""
        alert = Alert.read(rule.key, update.alert.document())
        assert alert == update.alert
        self.alerts[rule.key, alert.group] = alert
        self.updates.append(update)
        self.transitions.extend((rule.rule_id, alert.group, item) for item in update.transitions)

    def _read(self, intervals: range) -> list[WindowItem]:
        return [item for item in self.windows.values() if item.interval_start_s in intervals]
