"""Muted alerts: what receivers know of one that is held back, and what they are told when it is muted no more."""

from dataclasses import replace

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.alert import Alert, Muted
from handlers.domain.alerts.state.decision import Decision, decide_for
from handlers.domain.alerts.state.transition import Kind
from handlers.vocabulary import AlertState


def muted_after(alert: Alert, state: AlertState, by: str, at_s: int) -> Muted | None:
    """The mark of an alert that is muted, or that was and is neither firing nor over yet; None for any other."""
    before = alert.muted
    if not by and (before is None or state is not AlertState.PENDING):
        return None
    told = before.told if before is not None else alert.state if alert.state.is_firing else AlertState.OK
    if not state.is_firing and not told.is_firing:
        return None
    if before is None:
        return Muted(by, at_s, told)
    return replace(before, by=by or before.by)


def kind_of_change(
    kind: Kind, alert: Alert, state: AlertState, muted_by: str, *, notify_on_resolve: bool
) -> Kind:
    """The kind of a change of state: that of the table's cell, unless it is held back or nobody is to hear of it."""
    if alert.muted is not None and not muted_by and state is AlertState.OK:
        kind = Kind.RESOLVED if alert.muted.told.is_firing else Kind.SILENT
    if kind is Kind.RESOLVED and not notify_on_resolve:
        return Kind.SILENT
    return Kind.MUTED if muted_by and kind.notifies else kind


def told_now(rule: Rule, alert: Alert, was: Muted, at_s: int) -> Decision:
    """The message of an alert that is muted no more, and whose state stays: what is not as was told, or still is."""
    changes = [entry for entry in alert.history if entry["to"] == alert.state != entry["from"]]
    why = changes[-1]["reason"] if changes else f"still {alert.state}"
    if not alert.state.is_firing:
        kind, why = Kind.RESOLVED, f"{why}; that was while it was muted by {was.by}"
    else:
        kind, why = Kind.REMINDER, f"{was.by} is over, and it is still {alert.state}: {why}"
        if alert.state is not was.told:
            kind = Kind.MISSING if alert.state is AlertState.MISSING else Kind.ALARM
    if kind is Kind.RESOLVED and not rule.notify_on_resolve:
        return Decision(alert)
    if kind is Kind.REMINDER and alert.acknowledged is not None:
        return Decision(alert)
    return decide_for(alert, alert.state, kind, at_s, alert.since_s, why, told_from=was.told)
