"""Ends the alerts of rules that are gone or say something else now."""

from dataclasses import dataclass

from handlers.domain.alerts.evaluation.rule_evaluation import end_alert
from handlers.domain.alerts.notifications.notification import Place
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.ports import Alerts, Stored
from handlers.domain.errors import TransientError

# Two functions that meet at one alert take turns; more than a few turns mean that something else is wrong.
TURNS = 4


@dataclass(frozen=True)
class Resolver:
    """Ends alerts in the words of the rule as it was; the next evaluation sends what there is to tell."""

    alerts: Alerts
    timing: Timing
    place: Place

    def end_rule(self, rule_key: str, reason: str, now: float) -> int:
        """Ends all alerts of a rule; how many were not healthy."""
        stored = self.alerts.load(self.alerts.of_rule(rule_key))
        return sum(self.end(item, reason, now) for item in stored if not item.alert.is_quiet)

    def end(self, stored: Stored, reason: str, now: float) -> bool:
        """Ends an alert, or notes that nothing of it is left to send; whether it was not healthy."""
        at = self.timing.tick_of(now)
        current: Stored | None = stored
        for _ in range(TURNS):
            if current is None:
                return False
            changed = end_alert(current.alert, reason, at, self.place)
            if not changed.transitions and current.unconfirmed:
                return False
            if self.alerts.save(changed, current, int(now)):
                return bool(changed.transitions)
            current = next(iter(self.alerts.load([current.key])), None)
        raise TransientError("an alert is being written all the time")
