"""The alerts of one rule while its intervals are evaluated."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from handlers.domain.alerts.notifications.stored_alert import AlertUpdate, StoredAlert
from handlers.domain.alerts.rules.selection import Group


@dataclass(slots=True)
class RuleAlerts:
    """The alerts of one rule in an execution: as their items were, and what the intervals made of them."""

    stored: dict[Group, StoredAlert] = field(default_factory=dict)
    updates: dict[Group, AlertUpdate] = field(default_factory=dict)

    def add(self, found: Iterable[StoredAlert]) -> None:
        """Takes items that were read."""
        for item in found:
            self.stored[item.alert.group] = item
            self.updates[item.alert.group] = AlertUpdate(item.alert, item.alert)

    @property
    def muted(self) -> int:
        """The number of alerts of which something is held back."""
        return sum(update.alert.muted is not None for update in self.updates.values())
