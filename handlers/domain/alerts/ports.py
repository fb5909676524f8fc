"""What the aggregator and the evaluator need of the outside, as they see it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from handlers.domain.alerts.evaluation.rule_evaluation import Changed
from handlers.domain.alerts.notifications.outbox import Entry
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.windows.window_items import WindowItem

# An item holds 400 KB; the rest is for the alert itself, and for the last notifications of a rule that goes.
OUTBOX_BYTES = 200_000


class AlertKey(NamedTuple):
    """Which alert: keys of its item."""

    rule_key: str
    group_key: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An alert as its item holds it, with what only the item knows."""

    key: AlertKey
    alert: Alert
    version: int
    outbox: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def unconfirmed(self) -> list[Entry]:
        """The notifications that are still on their way."""
        return [entry for entry in self.outbox.values() if not entry.confirmed_at]

    @property
    def is_full(self) -> bool:
        """True if its item could become too large to be written, as when the topic refuses for hours."""
        return sum(len(entry.notification.message.encode()) for entry in self.unconfirmed) > OUTBOX_BYTES


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force, and how many items of the table are none."""

    rules: Sequence[Rule]
    unreadable: int = 0


class RuleSource(Protocol):
    """The rules table."""

    def rules(self) -> Rules:
        """The rules, at most half a minute old."""
        ...

    def fresh(self) -> Rules:
        """The rules as they are now."""
        ...


class Windows(Protocol):
    """The windows table: evidence, and who evaluates which tick."""

    def read(self, ticks: Iterable[int]) -> list[WindowItem]:
        """All items of these ticks."""
        ...

    def claim(self, tick: int, now: int) -> bool:
        """True if the tick's evaluation is the caller's from now on: nobody's, or of somebody who must be dead."""
        ...

    def unfinished(self, ticks: Sequence[int], now: int) -> list[int]:
        """Those of the ticks that may be claimed."""
        ...

    def finish(self, ticks: Iterable[int], now: int) -> None:
        """Marks ticks as evaluated."""
        ...


class Alerts(Protocol):
    """The alerts table: alerts with their outbox."""

    def open_keys(self) -> list[AlertKey]:
        """The alerts that are not healthy, or of which something is still to be sent, in the order of their keys."""
        ...

    def load(self, keys: Sequence[AlertKey]) -> list[Stored]:
        """The items of these alerts, those that exist."""
        ...

    def of_rule(self, rule_key: str) -> list[AlertKey]:
        """All alerts of a rule, healthy ones too."""
        ...

    def save(self, changed: Changed, known: Stored | None, now: int) -> bool:
        """Writes an alert with its notifications, unless its item is not the known one any more."""
        ...

    def save_all(self, changes: Sequence[tuple[Changed, Stored | None]], now: int) -> list[bool]:
        """Writes many alerts, several at a time; which of them were written."""
        ...
