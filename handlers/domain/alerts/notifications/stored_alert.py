"""Alerts in their table: an item holds an alert with its outbox, and an update changes both in one write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from handlers.domain.alerts.notifications.notification import Notification, Origin, notification
from handlers.domain.alerts.notifications.outbox import Entry
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import group_key
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.protocol import Decision
from handlers.domain.alerts.state.transition import Transition


class AlertKey(NamedTuple):
    """The keys of an alert's item."""

    rule_key: str
    group_key: str

    @classmethod
    def of(cls, alert: Alert) -> "AlertKey":
        """The keys under which this alert is stored."""
        return cls(alert.rule_key, group_key(alert.group))


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert as its item holds it, with what only the item knows.

    `is_full` says that the item could become too large to be written, as when the topic refuses for hours.
    """

    key: AlertKey
    alert: Alert
    version: int
    outbox: Mapping[str, Entry] = field(default_factory=dict)
    is_full: bool = False

    @property
    def unconfirmed(self) -> list[Entry]:
        """The notifications that are still on their way."""
        return [entry for entry in self.outbox.values() if not entry.confirmed_at_s]


@dataclass(slots=True)
class AlertUpdate:
    """An alert as it was (None where there was no item) and as it is now, with what happened and is to be notified."""

    previous: Alert | None
    alert: Alert
    transitions: list[Transition] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)

    def apply(self, decision: Decision, rule: Rule, origin: Origin) -> None:
        """Takes a decision over; notifications tell of it in the words of the rule it was made by."""
        self.alert = decision.alert
        if decision.transition is not None:
            self.transitions.append(decision.transition)
            if decision.transition.notify:
                self.notifications.append(notification(rule, self.alert, decision.transition, origin))

    @property
    def must_be_written(self) -> bool:
        """True if there is anything to write. A healthy group needs no item, however often it is evaluated."""
        if self.transitions:
            return True
        if self.alert.is_quiet and (self.previous is None or self.previous.is_quiet):
            return False
        return self.alert != self.previous


class Alerts(Protocol):
    """The alerts table. Every method raises `TransientError` when it may be tried again."""

    def open_keys(self) -> list[AlertKey]:
        """The alerts that are not healthy, or of which something is still to be sent, in the order of their keys."""

    def load(self, keys: Sequence[AlertKey]) -> list[StoredAlert]:
        """The items of these alerts, those that exist."""

    def of_rule(self, rule_key: str) -> list[AlertKey]:
        """All alerts of a rule, healthy ones too."""

    def save(self, update: AlertUpdate, known: StoredAlert | None, now_s: float) -> bool:
        """Writes an alert with its notifications, unless its item is not the known one any more; True if written."""

    def save_all(self, updates: Sequence[tuple[AlertUpdate, StoredAlert | None]], now_s: float) -> list[bool]:
        """Writes many alerts, several at a time; which of them were written."""
