"""The evaluator over tables that are dictionaries, fed as the aggregator feeds it."""

from collections.abc import Iterable, Sequence

from handlers.adapters.stepfunctions import PAGE_LIMITS
from handlers.domain.alerts.evaluation.datapoint import evaluate_datapoint
from handlers.domain.alerts.evaluation.evaluator import Evaluator
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertUpdate, StoredAlert
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.protocol import decide
from handlers.domain.alerts.state.transition import Transition
from handlers.domain.alerts.steps import Chunk
from handlers.domain.alerts.windows.aggregation import aggregate
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.domain.alerts.windows.merging import GroupAggregate
from handlers.domain.alerts.windows.selection_index import SelectionIndex
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.point import Point
from ops.replay.memory_ports import MemoryAlerts, MemoryRules, MemoryWindows
from tests.support.points import point

# The midnight at which the datapoints of an alert begin.
START = 1_763_769_600
ORIGIN = Origin("eu-west-1", "test")
ALL_RULES: Chunk = {"index": 0, "of": 1, "begin": "", "end": ""}


def a_point(
    time: int, value: float, name: str = "cpu.load", kind: str = "application", **dimensions: str
) -> Point:
    """A point at a second."""
    pairs = tuple(sorted(dimensions.items()))
    return point(name, pairs, metric_type=kind, time_ns=time * 1_000_000_000, value=value)


def an_aggregate(*values: float, late: bool = False) -> GroupAggregate | None:
    """The values of a group in a period, all in time or all late, or none."""
    return GroupAggregate(StatisticSet.of(values), ("s-0#1-2#1/1",), late) if values else None


def walk(rule: Rule, values: Sequence[float | None]) -> tuple[Alert, list[str], list[str]]:
    """The alert after one period per value (None is missing), its states, and what was notified."""
    alert, states, notified = Alert(rule.key, ()), [], []
    for number, value in enumerate(values):
        start = START + number * rule.period_s
        found = evaluate_datapoint(rule, start, None if value is None else an_aggregate(value))
        decision = decide(rule, alert, [] if found is None else [found], start, start + rule.period_s)
        alert = decision.alert
        states.append(str(alert.state))
        if decision.transition is not None and decision.transition.notify:
            notified.append(f"{number}:{decision.transition.kind}")
    return alert, states, notified


class CheckedAlerts(MemoryAlerts):
    """Alerts in a dictionary, whose documents say all of them."""

    def save(self, update: AlertUpdate, known: StoredAlert | None, now_s: float) -> bool:
        """Writes an alert if it is the known one."""
        assert Alert.read(update.alert.rule_key, update.alert.document()) == update.alert
        return super().save(update, known, now_s)


class Pipeline:
    """Rules, a windows table, an alerts table, and what happened."""

    def __init__(self, rules: Sequence[Rule], timing: Timing, group_cap: int = 1_000) -> None:
        self.known, self.timing, self.group_cap = MemoryRules(rules), timing, group_cap
        self.windows, self.table = MemoryWindows(timing), CheckedAlerts()
        self.evaluator = Evaluator(
            self.known, self.windows, self.table, timing, ORIGIN, group_cap, PAGE_LIMITS
        )

    @property
    def rules(self) -> Sequence[Rule]:
        """The rules in force."""
        return self.known.known

    @rules.setter
    def rules(self, rules: Sequence[Rule]) -> None:
        self.known.known = rules

    @property
    def alerts(self) -> dict[tuple[str, Group], Alert]:
        """All alerts that were ever written, as they are."""
        return {(key.rule_key, item.alert.group): item.alert for key, item in self.table.stored.items()}

    @property
    def updates(self) -> list[AlertUpdate]:
        """Everything that was written."""
        return self.table.updates

    @property
    def transitions(self) -> list[tuple[str, Group, Transition]]:
        """Everything that happened: the rule's id, the group, and what."""
        return [
            (update.alert.rule_key.split("/", 1)[0], update.alert.group, transition)
            for update in self.updates
            for transition in update.transitions
        ]

    def cut(self, batch: BatchRange) -> list[BatchRange]:
        """The ranges that the aggregator writes a batch in."""
        return self.windows.cut(batch)

    def write(self, points: Iterable[Point], batch: BatchRange, now_s: float) -> None:
        """The aggregator's work on a batch."""
        index = SelectionIndex(self.rules)
        self.windows.now_s = now_s
        self.windows.write(aggregate(points, index, now_s, self.timing, self.group_cap).windows, batch)

    def evaluate(self, first_s: int, last_s: int | None = None) -> None:
        """An execution's work on one interval or several."""
        last_s = first_s if last_s is None else last_s
        chunk: Chunk = {**ALL_RULES, "first": first_s, "since": first_s, "begun": 0}
        self.evaluator.evaluate(chunk, first_s, last_s, self.timing.ready_at(last_s))
