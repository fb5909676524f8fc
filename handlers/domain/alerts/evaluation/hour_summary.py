"""The summary of an hour: one message of a rule for all alarms that its cap on messages held back.

It is an alert of the rule's own, of a group that no rule can have: it fires while alerts fire that were held back, is
told at the end of each hour in which some were, and is resolved when none of them fires any more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from handlers.domain.alerts.notifications.notification import Origin, Summary
from handlers.domain.alerts.notifications.stored_alert import AlertUpdate
from handlers.domain.alerts.periods import HOUR_S, hour_of
from handlers.domain.alerts.rules.reading import rule_document, rule_revision
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group, group_rank
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.decision import Decision, decide_for, reminder_is_due
from handlers.domain.alerts.state.message_cap import HELD_BY, is_held
from handlers.domain.alerts.state.reason import time_text
from handlers.domain.alerts.state.transition import Kind
from handlers.vocabulary import AlertState

# Values may have 2 KB each, and a state's input, which holds a page of messages, has its limit.
GROUPS_SHOWN = 10


def has_something_to_tell(rule: Rule, alerts: Iterable[Alert], end_s: int) -> bool:
    """True at the end of an hour if the rule's cap held something back in it, or something fires that it did before."""
    is_end = bool(rule.messages_per_hour) and end_s % HOUR_S == 0
    return is_end and any(alert.held_at_s or is_held(alert) for alert in alerts)


def sum_up(rule: Rule, update: AlertUpdate, alerts: Sequence[Alert], end_s: int, origin: Origin) -> None:
    """Takes an interval into the update of the rule's summary, by its alerts as the interval has left them."""
    alert = update.alert
    if alert.evaluated_to_s >= end_s:
        return
    alert = replace(alert, evaluated_to_s=end_s, rule=rule_document(rule), rule_revision=rule_revision(rule))
    firing = sorted((item.group for item in alerts if is_held(item)), key=group_rank)
    held = list(_held_in_hour(alerts, end_s)) if end_s % HOUR_S == 0 else []
    # No summary told of those that fire where the end of their hour was not evaluated.
    if held or (firing and end_s % HOUR_S == 0 and not alert.state.is_firing):
        groups = firing or sorted(set(held), key=group_rank)
        state = AlertState.ALARM if firing else AlertState.OK
        kind = Kind.RESOLVED
        if firing:
            kind = Kind.REMINDER if alert.state.is_firing else Kind.ALARM
        summary = Summary(hour_of(end_s), len(held), len(firing), tuple(groups[:GROUPS_SHOWN]))
        decision = _made(alert, state, kind, end_s, _reason(rule, summary))
        update.apply(decision, rule, origin, summary)
    elif alert.state.is_firing and not any(_is_untold(item) for item in alerts):
        kind = Kind.RESOLVED if rule.notify_on_resolve else Kind.SILENT
        reason = f"no alert fires any more that {HELD_BY} held back"
        update.apply(_made(alert, AlertState.OK, kind, end_s, reason), rule, origin)
    elif firing and end_s % HOUR_S == 0 and alert.state.is_firing and reminder_is_due(rule, alert, end_s):
        summary = Summary(hour_of(end_s), 0, len(firing), tuple(firing[:GROUPS_SHOWN]))
        update.apply(
            _made(alert, alert.state, Kind.REMINDER, end_s, _reason(rule, summary)), rule, origin, summary
        )
    else:
        update.alert = alert


def _held_in_hour(alerts: Iterable[Alert], end_s: int) -> Iterator[Group]:
    """The group of each alarm that was held back in the hour of an interval."""
    begin_s = hour_of(end_s)
    for alert in alerts:
        for at_s in alert.held_at_s:
            if begin_s < at_s <= end_s:
                yield alert.group


def _is_untold(alert: Alert) -> bool:
    """True if the alert fires, and receivers know of it by a summary at most."""
    return is_held(alert) or (
        alert.state.is_firing and alert.muted is not None and not alert.muted.told.is_firing
    )


def _made(alert: Alert, state: AlertState, kind: Kind, end_s: int, reason: str) -> Decision:
    since_s = alert.since_s if kind is Kind.REMINDER else end_s
    return decide_for(alert, state, kind, end_s, since_s, reason)


def _reason(rule: Rule, summary: Summary) -> str:
    begin, end = (time_text(time_s) for time_s in (summary.begin_s, summary.begin_s + HOUR_S))
    fires = (
        f"{summary.firing} alerts that were held back still fire" if summary.firing else "none of them fires"
    )
    if not summary.alarms:
        return f"{fires}; no further one was held back from {begin} to {end}"
    further = "1 further alarm" if summary.alarms == 1 else f"{summary.alarms} further alarms"
    return (
        f"{further} of {rule.rule_id} from {begin} to {end}, held back as {HELD_BY} is {rule.messages_per_hour}; "
        f"{fires}"
    )
