"""The alerts of one rule while its intervals are evaluated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from handlers.domain.alerts.notifications.stored_alert import AlertUpdate, StoredAlert
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group


@dataclass(slots=True)
class RuleAlerts:
    """The alerts of one rule in an execution: as their items were, and what the intervals made of them."""

    stored: dict[Group, StoredAlert] = field(default_factory=dict)
    updates: dict[Group, AlertUpdate] = field(default_factory=dict)
    # That of the messages that the rule's cap held back, where it is known.
    summary: AlertUpdate | None = None

    def add(self, found: Iterable[StoredAlert]) -> None:
        """Takes items that were read."""
        for item in found:
            if item.alert.is_summary:
                self.stored[item.alert.group] = item
                self.summary = AlertUpdate(item.alert, item.alert)
                continue
            self.stored[item.alert.group] = item
            self.updates[item.alert.group] = AlertUpdate(item.alert, item.alert)

    @property
    def every_update(self) -> Sequence[AlertUpdate]:
        """All updates, first that of the summary: it rests on the others, and must be written before them."""
        return [*(() if self.summary is None else (self.summary,)), *self.updates.values()]

    @property
    def muted(self) -> int:
        """The number of alerts of which something is held back."""
        return sum(update.alert.muted is not None for update in self.updates.values())


def alerts_by_rule(rules: Iterable[Rule], loaded: Iterable[StoredAlert]) -> dict[str, RuleAlerts]:
    """The alerts that are loaded, by their rules' keys."""
    known = {rule.key: RuleAlerts() for rule in rules}
    for stored in loaded:
        if stored.key.rule_key in known:
            known[stored.key.rule_key].add([stored])
    return known
