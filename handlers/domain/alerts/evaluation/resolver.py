"""The resolver: ends alerts whose rule is gone or has another condition, and does what operators want of others."""

import math
from dataclasses import dataclass

from handlers.domain.alerts.evaluation.endings import (
    RULE_CHANGED,
    RULE_DELETED,
    close_alert,
    stays_known,
)
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts, AlertUpdate, StoredAlert
from handlers.domain.alerts.rules.reading import condition_revision, read_rule, rule_document, rule_revision
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group, group_key
from handlers.domain.alerts.state.alert import Acknowledgement, Alert
from handlers.domain.alerts.state.transition import acknowledged
from handlers.domain.errors import TransientError

CLOSED = "closed by an operator"

# Two functions that meet at one alert take turns; more than a few turns mean that something else is wrong.
TURNS = 4


@dataclass(frozen=True)
class Resolver:
    """Ends alerts in the words of the rule as it was, and notes who knows of one; the next evaluation sends the
    notifications."""

    alerts: Alerts
    origin: Origin

    def end_rule(self, was: Rule, now_s: float, *, successor: Rule | None) -> int:
        """Ends all alerts of a rule that was deleted, or whose successor has another condition; how many that were.

        Alerts that were evaluated by a later rule meanwhile are that one's.
        """
        stored = self.alerts.load(self.alerts.of_rule(was.key))
        return sum(
            self._end_if_of(was, item, now_s, successor) for item in stored if not item.alert.is_settled
        )

    def end(self, stored: StoredAlert, reason: str, now_s: float) -> bool:
        """Ends an alert, or settles what is left of it to be sent; True if it was not healthy.

        `TransientError` if its item is another one each time.
        """
        return self._end(stored, reason, now_s)

    def forget(self, rule: Rule, group: Group, now_s: float) -> None:
        """Forgets a group that has no alert, so that its silence is none. `TransientError` as in `end`."""
        key = AlertKey(rule.key, group_key(group))
        healthy = Alert(rule.key, group, rule_revision(rule), rule_document(rule))
        update = close_alert(healthy, CLOSED, int(now_s), self.origin, judged_from_s=math.ceil(now_s))
        if not self.alerts.save(AlertUpdate(None, update.alert), None, now_s):
            for stored in self.alerts.load([key]):
                self.end(stored, CLOSED, now_s)

    def acknowledge(self, stored: StoredAlert, by: Acknowledgement | None, now_s: int) -> bool:
        """True if somebody knows of the alert now, or nobody (None), and that is new; False too if it does not fire.

        `TransientError` as in `end`.
        """
        current: StoredAlert | None = stored
        for _ in range(TURNS):
            if current is None or not current.alert.state.is_firing:
                return False
            if by is None and current.alert.acknowledged is None:
                return False
            update = AlertUpdate(current.alert, acknowledged(current.alert, by, now_s))
            if self.alerts.save(update, current, now_s):
                return True
            current = next(iter(self.alerts.load([current.key])), None)
        raise TransientError("an alert is being written all the time")

    def _end_if_of(self, was: Rule, stored: StoredAlert, now_s: float, successor: Rule | None) -> bool:
        if successor is None:
            return self._end(stored, RULE_DELETED, now_s, of=was)
        known = stays_known(was, successor)
        return self._end(stored, RULE_CHANGED, now_s, of=was, known=known)

    def _end(
        self, stored: StoredAlert, reason: str, now_s: float, *, of: Rule | None = None, known: bool = False
    ) -> bool:
        # A rule that was changed, or added again, says itself from when on it judges; this may be long after that.
        judged_from_s = math.ceil(now_s) if reason == CLOSED else 0
        current: StoredAlert | None = stored
        for _ in range(TURNS):
            if current is None or (of is not None and not _was_evaluated_by(of, current.alert)):
                return False
            update = AlertUpdate(current.alert, current.alert)
            if reason == CLOSED or not current.alert.is_settled:
                update = close_alert(
                    current.alert,
                    reason,
                    int(now_s),
                    self.origin,
                    judged_from_s=judged_from_s,
                    stays_known=known,
                )
            if update.alert == current.alert and not update.settles(current, now_s):
                return False
            if self.alerts.save(update, current, now_s):
                return bool(update.transitions)
            current = next(iter(self.alerts.load([current.key])), None)
        raise TransientError("an alert is being written all the time")


def _was_evaluated_by(rule: Rule, alert: Alert) -> bool:
    """True if the alert is by this rule, and not by one that came after it."""
    if not alert.rule:
        return True
    by = read_rule(alert.rule)
    return condition_revision(by) == condition_revision(rule) and by.in_force_since_s <= rule.in_force_since_s
