"""The evaluator over tables that are dictionaries, fed as the aggregator feeds it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from handlers.adapters.stepfunctions import PAGE_LIMITS
from handlers.domain.alerts.evaluation.evaluator import Evaluator
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts, AlertUpdate, StoredAlert
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule, RuleSet, RuleSource
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.transition import Transition
from handlers.domain.alerts.steps import Chunk
from handlers.domain.alerts.windows.aggregation import WindowAggregates, aggregate
from handlers.domain.alerts.windows.cuts import BatchRange, Cuts
from handlers.domain.alerts.windows.known_groups import KnownGroups
from handlers.domain.alerts.windows.merging import GroupAggregate
from handlers.domain.alerts.windows.progress import KeyRange, Progress, Reached
from handlers.domain.alerts.windows.selection_index import SelectionIndex
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.window_items import WindowItem, Windows, window_items
from handlers.domain.point import Point
from tests.support.points import point

ORIGIN = Origin("eu-west-1", "test")
ITEM_BYTES = 350_000
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


@dataclass
class MemoryRules(RuleSource):
    """Rules as a list."""

    known: Sequence[Rule] = ()

    def rules(self) -> RuleSet:
        """The rules."""
        return RuleSet(sorted(self.known, key=lambda rule: rule.key))

    def fresh(self) -> RuleSet:
        """The rules."""
        return self.rules()


@dataclass
class MemoryWindows(Windows):
    """Window items in a dictionary; what was written can be read at once."""

    timing: Timing
    now_s: float = 0.0
    items: dict[tuple[int, str], WindowItem] = field(default_factory=dict)
    cuts: dict[str, Cuts] = field(default_factory=dict)
    claims: set[int] = field(default_factory=set)
    noted: dict[str, KnownGroups] = field(default_factory=dict)
    reached: tuple[Progress, int] = (Progress(), 0)

    def cut(self, batch: BatchRange) -> list[BatchRange]:
        """The ranges that the aggregator writes a batch in."""
        known = self.cuts.get(batch.shard, Cuts(batch.first - 1))
        self.cuts[batch.shard], parts = Cuts.read(str(known)).cut(batch)
        return parts

    def write(self, aggregates: WindowAggregates, batch: BatchRange) -> int:
        """Writes a range's aggregates."""
        items = window_items(aggregates, batch, self.now_s, self.timing, ITEM_BYTES) if aggregates else []
        self.items.update({(item.interval_start_s, item.source): item for item in items})
        return len(items)

    def read(self, intervals: Iterable[int]) -> list[WindowItem]:
        """All items of these intervals."""
        wanted = set(intervals)
        return [item for item in self.items.values() if item.interval_start_s in wanted]

    def claim(self, interval_start_s: int, now_s: float) -> bool:
        """True for the first who asks."""
        free = interval_start_s not in self.claims
        self.claims.add(interval_start_s)
        return free

    def give_back(self, interval_start_s: int) -> None:
        """Forgets a claim."""
        self.claims.discard(interval_start_s)

    def progress(self) -> tuple[Progress, int]:
        """How far evaluations are."""
        return self.reached

    def advance(self, keys: KeyRange, reached: Reached, now_s: float) -> None:
        """Notes how far evaluations are."""
        text = str(self.reached[0].advanced(keys.begin, keys.end, reached))
        self.reached = Progress.read(text), int(now_s)

    def known_groups(self, name: str) -> KnownGroups:
        """The groups that were noted."""
        return self.noted.get(name, KnownGroups())

    def note_groups(self, name: str, known: KnownGroups) -> None:
        """Notes groups."""
        self.noted[name] = known


@dataclass
class MemoryAlerts(Alerts):
    """Alerts in a dictionary, read from their documents as from their items, and every update that was written."""

    stored: dict[AlertKey, StoredAlert] = field(default_factory=dict)
    updates: list[AlertUpdate] = field(default_factory=list)

    def open_keys(self) -> list[AlertKey]:
        """The alerts that are not healthy."""
        return sorted(key for key, item in self.stored.items() if not item.alert.is_settled)

    def load(self, keys: Sequence[AlertKey]) -> list[StoredAlert]:
        """The alerts that there are of these."""
        return [self.stored[key] for key in keys if key in self.stored]

    def of_rule(self, rule_key: str) -> list[AlertKey]:
        """All alerts of a rule."""
        return sorted(key for key in self.stored if key.rule_key == rule_key)

    def save(self, update: AlertUpdate, known: StoredAlert | None, now_s: float) -> bool:
        """Writes an alert if it is the known one; as in the table, it is read again."""
        key = AlertKey.of(update.alert)
        if self.stored.get(key) != known:
            return False
        alert = Alert.read(key.rule_key, update.alert.document())
        assert alert == update.alert
        version = 1 if known is None else known.version + 1
        self.stored[key] = (
            StoredAlert(key, alert, version)
            if known is None
            else replace(known, alert=alert, version=version)
        )
        self.updates.append(update)
        return True

    def save_all(self, updates: Sequence[tuple[AlertUpdate, StoredAlert | None]], now_s: float) -> list[bool]:
        """Writes alerts."""
        return [self.save(update, known, now_s) for update, known in updates]


class Pipeline:
    """Rules, a windows table, an alerts table, and what happened."""

    def __init__(self, rules: Sequence[Rule], timing: Timing, group_cap: int = 1_000) -> None:
        self.known, self.timing, self.group_cap = MemoryRules(rules), timing, group_cap
        self.windows, self.table = MemoryWindows(timing), MemoryAlerts()
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
