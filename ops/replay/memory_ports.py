"""The ports of the aggregator and the evaluator over dictionaries: rules, windows and alerts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from handlers.domain.alerts.notifications.notification import Notification
from handlers.domain.alerts.notifications.outbox import Outbox
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts, AlertUpdate, StoredAlert
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule, RuleSet, RuleSource
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.windows.aggregation import WindowAggregates
from handlers.domain.alerts.windows.cuts import BatchRange, Cuts
from handlers.domain.alerts.windows.known_groups import KnownGroups
from handlers.domain.alerts.windows.progress import KeyRange, Progress, Reached
from handlers.domain.alerts.windows.window_items import WindowItem, Windows, window_items

# As large as those of the windows table.
_ITEM_BYTES = 350_000


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
    """Window items in a dictionary, written at `now_s`; what was written can be read at once."""

    timing: Timing
    now_s: float = 0.0
    items: dict[int, dict[str, WindowItem]] = field(default_factory=lambda: defaultdict(dict))
    cuts: dict[str, Cuts] = field(default_factory=dict)
    claims: dict[int, float] = field(default_factory=dict)
    noted: dict[str, KnownGroups] = field(default_factory=dict)
    reached: tuple[Progress, int] = (Progress(), 0)

    def cut(self, batch: BatchRange) -> list[BatchRange]:
        """The ranges that the aggregator writes a batch in."""
        known = self.cuts.get(batch.shard, Cuts(batch.first - 1))
        self.cuts[batch.shard], parts = Cuts.read(str(known)).cut(batch)
        return parts

    def write(self, aggregates: WindowAggregates, batch: BatchRange) -> int:
        """Writes a range's aggregates."""
        items = window_items(aggregates, batch, self.now_s, self.timing, _ITEM_BYTES) if aggregates else []
        for item in items:
            self.items[item.interval_start_s][item.source] = item
        return len(items)

    def read(self, intervals: Iterable[int]) -> list[WindowItem]:
        """All items of these intervals."""
        return [item for start_s in set(intervals) for item in self.items.get(start_s, {}).values()]

    def claim(self, interval_start_s: int, now_s: float) -> bool:
        """True for the first who asks."""
        free = interval_start_s not in self.claims
        self.claims.setdefault(interval_start_s, now_s)
        return free

    def forget_before(self, time_s: int) -> None:
        """Forgets the items of intervals that began before a time."""
        for start_s in [start_s for start_s in self.items if start_s < time_s]:
            del self.items[start_s]

    def give_back(self, interval_start_s: int) -> None:
        """Forgets a claim."""
        self.claims.pop(interval_start_s, None)

    def progress(self) -> tuple[Progress, int]:
        """The progress of evaluations, and the second it was noted in."""
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
    """Alerts in a dictionary, read from their documents as from their items.

    Every update that was written is kept, and every notification, which a topic that never refuses takes at once.
    """

    stored: dict[AlertKey, StoredAlert] = field(default_factory=dict)
    updates: list[AlertUpdate] = field(default_factory=list)
    published: list[tuple[AlertKey, Notification]] = field(default_factory=list)

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
        version = 1 if known is None else known.version + 1
        self.stored[key] = (
            StoredAlert(key, alert, version)
            if known is None
            else replace(known, alert=alert, version=version)
        )
        self.updates.append(update)
        self.published += [(key, told) for told in told_by(update, now_s)]
        return True

    def save_all(self, updates: Sequence[tuple[AlertUpdate, StoredAlert | None]], now_s: float) -> list[bool]:
        """Writes alerts."""
        return [self.save(update, known, now_s) for update, known in updates]


def told_by(update: AlertUpdate, now_s: float) -> list[Notification]:
    """The notifications that an update puts into an empty outbox."""
    outbox = Outbox().after(update.made, is_firing=update.alert.state.is_firing, now_s=now_s)
    return [entry.notification for entry in outbox.entries]
