"""Alerts in their table: an item holds an alert with its outbox, and an update changes both in one write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol

from handlers.domain.alerts.notifications.notification import Notification, Origin, Summary, notification
from handlers.domain.alerts.notifications.outbox import Outbox
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import group_key
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.decision import Decision
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
    """An alert as its item holds it, with what only the item knows."""

    key: AlertKey
    alert: Alert
    version: int
    outbox: Outbox = field(default_factory=Outbox)


@dataclass(slots=True)
class AlertUpdate:
    """An alert as it was (None where there was no item) and as it is now, with what happened and is to be notified."""

    previous: Alert | None
    alert: Alert
    transitions: list[Transition] = field(default_factory=list)
    # Each is written when somebody wants it: a back-test counts messages, which takes a tenth of writing them.
    _unwritten: list[Callable[[], Notification] | None] = field(default_factory=list)
    _written: list[Notification | None] = field(default_factory=list)

    def apply(self, decision: Decision, rule: Rule, origin: Origin, summary: Summary | None = None) -> None:
        """Takes a decision over; notifications tell of it in the words of the rule it was made by."""
        self.alert = decision.alert
        transition = decision.transition
        if transition is None:
            return
        self.transitions.append(transition)
        if transition.notify:
            self._unwritten.append(partial(notification, rule, self.alert, transition, origin, summary))
        elif transition.previous_state.is_firing:
            self._unwritten.append(None)

    @property
    def made(self) -> Sequence[Notification | None]:
        """The notifications, one for each that was made; None where the alert ended without a word."""
        for write in self._unwritten[len(self._written) :]:
            self._written.append(write and write())
        return self._written

    @property
    def messages(self) -> int:
        """The number of notifications that were made."""
        return sum(write is not None for write in self._unwritten)

    @property
    def notifications(self) -> list[Notification]:
        """The notifications that were made."""
        return [item for item in self.made if item is not None]

    def outbox(self, known: StoredAlert | None, now_s: float) -> Outbox:
        """The outbox that the alert is to be written with, over its item as it was read, None where there was none."""
        before = Outbox() if known is None else known.outbox
        return before.after(self.made, is_firing=self.alert.state.is_firing, now_s=now_s)

    def settles(self, known: StoredAlert, now_s: float) -> bool:
        """True if the open item is to be written for its outbox alone, or because nothing is left to look at it for."""
        before, after = known.outbox, self.outbox(known, now_s)
        changes = (after.unconfirmed, after.waiting) != (before.unconfirmed, before.waiting)
        return changes or (self.alert.is_settled and after.is_empty)

    @property
    def must_be_written(self) -> bool:
        """True if there is anything to write. A healthy group needs no item, however often it is evaluated."""
        if self.transitions:
            return True
        if self.alert.is_over and (self.previous is None or self.previous.is_over):
            before = self.previous or Alert(self.alert.rule_key, self.alert.group)
            one, other = ((item.told_at_s, item.held_at_s) for item in (before, self.alert))
            return one != other
        # That an interval changed nothing need not be known: evaluated again, it changes nothing.
        return self.previous is None or not self.alert.says_as(self.previous)


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
