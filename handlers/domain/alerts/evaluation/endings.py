"""Endings: alerts whose rule was changed or deleted, whose group was forgotten, or that somebody closed."""

from collections.abc import Iterable
from dataclasses import replace

from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertUpdate
from handlers.domain.alerts.periods import last_complete_period
from handlers.domain.alerts.rules.reading import (
    IN_FORCE_SINCE,
    condition_revision,
    read_rule,
    rule_revision,
)
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.memory import without_old
from handlers.domain.alerts.state.protocol import close
from handlers.domain.alerts.state.verdicts import silence_counts

RULE_CHANGED = "the rule was changed"
RULE_DELETED = "the rule was deleted"


def end_alerts_of_others(
    rule: Rule, updates: Iterable[AlertUpdate], interval_end_s: int, origin: Origin
) -> None:
    """Resolves alerts of the rule as it was if its condition is another one now, or if it was deleted and added again.

    They end in the words of the rule as it was, with the first interval that is evaluated by the one that came after.
    """
    revision = rule_revision(rule)
    for update in updates:
        alert = update.alert
        if not alert.rule_revision or alert.evaluated_to_s >= interval_end_s:
            continue
        if alert.rule_revision == revision and not _is_later(rule, alert):
            continue
        was = read_rule(alert.rule)
        is_changed = condition_revision(was) != condition_revision(rule)
        if is_changed or _is_later(rule, alert):
            known = not alert.is_quiet and stays_known(was, rule)
            end_alert(
                update,
                RULE_CHANGED if is_changed else RULE_DELETED,
                interval_end_s,
                origin,
                stays_known=known,
            )


def _is_later(rule: Rule, alert: Alert) -> bool:
    """True if the rule is in force since later than the one that the alert is of: other words do not change that."""
    since_s: int = alert.rule.get(IN_FORCE_SINCE, 0)
    return since_s < rule.in_force_since_s


def stays_known(was: Rule, rule: Rule) -> bool:
    """True if the groups of a rule that was changed are known to the new one, so that their silence counts."""
    asked, asks = (replace(one.selection, period_s=0) for one in (was, rule))
    was_added_again = rule.groups_since_s > was.in_force_since_s
    return asked == asks and not was_added_again and silence_counts(rule)


def close_alert(
    alert: Alert,
    reason: str,
    at_s: int,
    origin: Origin,
    *,
    judged_from_s: int = 0,
    stays_known: bool = False,
) -> AlertUpdate:
    """Resolves an alert that has ended, in the words of the rule as it was; see `close`."""
    update = AlertUpdate(alert, alert)
    end_alert(update, reason, at_s, origin, judged_from_s=judged_from_s, stays_known=stays_known)
    return update


def end_alert(
    update: AlertUpdate,
    reason: str,
    at_s: int,
    origin: Origin,
    *,
    rule: Rule | None = None,
    judged_from_s: int = 0,
    stays_known: bool = False,
) -> None:
    """Ends an update's alert, in the words of the rule if it goes on, else of the rule as it was; see `close`."""
    was = rule or read_rule(update.alert.rule)
    decision = close(
        without_old(was, update.alert, last_complete_period(at_s, was.period_s)),
        reason,
        at_s,
        notify_on_resolve=was.notify_on_resolve,
        judged_from_s=judged_from_s,
        stays_known=stays_known,
    )
    update.apply(decision, was, origin)
