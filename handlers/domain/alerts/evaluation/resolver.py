"""The resolver: resolves the alerts of rules that are gone or say something else now."""

from dataclasses import dataclass

from handlers.domain.alerts.evaluation.rule_evaluation import close_alert
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import Alerts, StoredAlert
from handlers.domain.alerts.periods import Timing
from handlers.domain.errors import TransientError

# Two functions that meet at one alert take turns; more than a few turns mean that something else is wrong.
TURNS = 4


@dataclass(frozen=True)
class Resolver:
    """Resolves alerts in the words of the rule as it was; the next evaluation sends the notifications."""

    alerts: Alerts
    timing: Timing
    origin: Origin

    def resolve_alerts_of(self, rule_key: str, reason: str, now_s: float) -> int:
        """Resolves all alerts of a rule; how many were not healthy."""
        stored = self.alerts.load(self.alerts.of_rule(rule_key))
        return sum(self.resolve(item, reason, now_s) for item in stored if not item.alert.is_quiet)

    def resolve(self, stored: StoredAlert, reason: str, now_s: float) -> bool:
        """Resolves an alert, or settles what is left of it to be sent; True if it was not healthy.

        `TransientError` if its item is another one each time.
        """
        at_s = self.timing.interval_of(now_s)
        current: StoredAlert | None = stored
        for _ in range(TURNS):
            if current is None:
                return False
            update = close_alert(current.alert, reason, at_s, self.origin)
            if not update.transitions and not update.settles(current, now_s):
                return False
            if self.alerts.save(update, current, now_s):
                return bool(update.transitions)
            current = next(iter(self.alerts.load([current.key])), None)
        raise TransientError("an alert is being written all the time")
