"""The outcome of evaluating a chunk of the rules, as its log line and its metrics have it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from handlers.domain.alerts.notifications.stored_alert import AlertKey, AlertUpdate, StoredAlert


@dataclass(slots=True)
class Outcome:
    """The outcome of evaluating a chunk, as it is logged, and the alerts that have notifications to be sent."""

    rules: int = 0
    unreadable: int = 0
    intervals: int = 0
    groups: int = 0
    transitions: int = 0
    notifications: int = 0
    late: int = 0
    over_cap: dict[str, int] = field(default_factory=dict)
    # By the rules' keys: who made more groups than they may have.
    exploded: dict[str, Any] = field(default_factory=dict)
    # Alerts of which something is held back, and items of the silences table that are none.
    muted: int = 0
    silences_unreadable: int = 0
    notified: list[AlertKey] = field(default_factory=list)
    # True if there are intervals left that the execution was started for.
    behind: bool = False

    def counts(self) -> dict[str, Any]:
        """All but the alerts that there may be thousands of, for the log."""
        found = asdict(self)
        del found["notified"]
        if not self.silences_unreadable:
            del found["silences_unreadable"]
        return found

    def count(self, saved: Iterable[tuple[AlertUpdate, StoredAlert | None]]) -> None:
        """Counts what was written, over its items as they were read."""
        for update, stored in saved:
            if not update.transitions:
                continue
            self.transitions += len(update.transitions)
            self.notifications += update.messages
            self.late += sum(transition.late for transition in update.transitions)
            if update.messages:
                self.notified.append(AlertKey.of(update.alert) if stored is None else stored.key)
