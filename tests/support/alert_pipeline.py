"""The pure parts put together as the functions put them together, over tables that are dictionaries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from handlers.domain.alerts.evaluation.evaluation_range import (
    TickRange,
    late_periods,
    more_ticks_to_read,
    ticks_to_read,
    wanted_periods,
)
from handlers.domain.alerts.evaluation.rule_evaluation import Changed, RuleEvidence, evaluate
from handlers.domain.alerts.notifications.notification import Place
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group, SelectionIndex
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.protocol import Transition
from handlers.domain.alerts.windows.aggregation import aggregate
from handlers.domain.alerts.windows.window_aggregates import merge
from handlers.domain.alerts.windows.window_items import (
    BatchRange,
    Partial,
    WindowItem,
    read_item,
    window_items,
)
from handlers.domain.point import Point
from tests.support.points import point

PLACE = Place("eu-west-1", "test")


def a_point(
    time: int, value: float, name: str = "cpu.load", kind: str = "application", **dimensions: str
) -> Point:
    """A point at a second."""
    pairs = tuple(sorted(dimensions.items()))
    return point(name, pairs, metric_type=kind, time_ns=time * 1_000_000_000, value=value)


@dataclass
class Pipeline:
    """Rules, a windows table, an alerts table, and what happened."""

    rules: Sequence[Rule]
    timing: Timing
    group_cap: int = 1_000
    windows: dict[tuple[int, str], WindowItem] = field(default_factory=dict)
    alerts: dict[tuple[str, Group], Alert] = field(default_factory=dict)
    told: list[tuple[str, Group, Transition]] = field(default_factory=list)
    changes: list[Changed] = field(default_factory=list)

    def write(self, points: Iterable[Point], source: BatchRange, now: float) -> None:
        """What the aggregator does with a batch."""
        index = SelectionIndex.of(rule.selection for rule in self.rules)
        evidence = aggregate(points, index, now, self.timing, self.group_cap).evidence
        for item in window_items(evidence, source, now, self.timing) if evidence else ():
            self.windows[item.tick, item.source] = item

    def evaluate(self, first: int, last: int | None = None) -> None:
        """What an execution does about one tick or several."""
        about = TickRange(first, first if last is None else last)
        read = ticks_to_read(self.rules, about, self.timing)
        partials = self._read(read)
        selections = {rule.selection for rule in self.rules}
        late = late_periods(partials, selections, about, self.timing)
        partials += self._read(more_ticks_to_read(late, read, about, self.timing))
        merged = merge(
            partials, wanted_periods(self.rules, late, about, self.timing), self.timing, self.group_cap
        )
        for rule in self.rules:
            name = rule.selection.selection_id
            known = RuleEvidence(merged.get(name, {}), late.get(name, frozenset()))
            open_alerts = [
                alert for (key, _), alert in self.alerts.items() if key == rule.key and not alert.is_quiet
            ]
            changes = evaluate(rule, known, open_alerts, about, self.timing, PLACE)
            # A healthy alert's item is not looked for, but it is found when it is to be created a second time.
            met = [
                self.alerts[rule.key, changed.alert.group]
                for changed in changes
                if changed.previous is None and (rule.key, changed.alert.group) in self.alerts
            ]
            if met:
                changes = evaluate(rule, known, [*open_alerts, *met], about, self.timing, PLACE)
            for changed in changes:
                self._save(rule, changed)

    def _save(self, rule: Rule, changed: Changed) -> None:
        """As in the table, an item that is written is read again."""
        alert = Alert.read(rule.key, changed.alert.document())
        assert alert == changed.alert
        self.alerts[rule.key, alert.group] = alert
        self.changes.append(changed)
        self.told.extend((rule.rule_id, alert.group, transition) for transition in changed.transitions)

    def _read(self, ticks: range) -> list[Partial]:
        return [read_item(item) for item in self.windows.values() if item.tick in ticks]
