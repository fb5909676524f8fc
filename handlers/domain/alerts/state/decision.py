"""A decision: an alert as it is now, with the transition that took it there."""

from dataclasses import dataclass

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.transition import Kind, Transition, recorded
from handlers.vocabulary import AlertState


@dataclass(frozen=True, slots=True)
class Decision:
    """The alert as it is now, and its transition, if it made one."""

    alert: Alert
    transition: Transition | None = None


def decide_for(
    alert: Alert,
    state: AlertState,
    kind: Kind,
    at_s: int,
    since_s: int,
    reason: str,
    *,
    late: bool = False,
    judged_from_s: int | None = None,
    told_from: AlertState | None = None,
) -> Decision:
    """The decision that takes an alert from its state to this one."""
    transition = Transition(
        kind=kind,
        previous_state=alert.state,
        state=state,
        at_s=at_s,
        since_s=since_s,
        reason=reason,
        late=late,
        datapoints=alert.datapoints,
        number=alert.sequence + kind.notifies,
        judged_from_s=judged_from_s,
        told_from=told_from,
    )
    return Decision(recorded(alert, transition), transition)


def reminder_is_due(rule: Rule, alert: Alert, at_s: int) -> bool:
    """True if it is so long ago that an alert that fires was told, and nobody has said that they know of it."""
    if alert.acknowledged is not None:
        return False
    return bool(rule.renotify_s) and at_s - alert.notified_at_s >= rule.renotify_s
