"""The cap on a rule's messages in an hour: which are told one by one, and which are held back for the hour's summary.

An alarm, missing data and a reminder are counted; a resolve is not, and is always told to those who heard of the alert.
Each alert remembers its own messages of the hour, so what an hour still has room for is the same whoever asks, and in
whatever order alerts were written. One that is held back is muted by the cap until it is over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from handlers.domain.alerts.periods import HOUR_S, hour_of
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.alert import Alert, Datapoint
from handlers.domain.alerts.state.decision import Decision
from handlers.domain.alerts.state.protocol import decide
from handlers.domain.alerts.state.reason import time_text
from handlers.domain.alerts.state.transition import Kind

HELD_BY = "messages_per_hour"
_COUNTED = frozenset({Kind.ALARM, Kind.MISSING, Kind.REMINDER})


def is_held(alert: Alert) -> bool:
    """True if the alert fires, and the cap holds it back."""
    return alert.state.is_firing and alert.muted is not None and alert.muted.by == HELD_BY


@dataclass(slots=True)
class MessageBudget:
    """The messages that a rule may send in the hour of an interval, and those that it has; a cap of 0 is none."""

    cap: int = 0
    end_s: int = 0
    told: int = 0

    @classmethod
    def of(cls, rule: Rule, alerts: Iterable[Alert], end_s: int) -> "MessageBudget":
        """The budget of a rule, of whose alerts these may have told something in the hour."""
        if not rule.messages_per_hour:
            return cls()
        begin_s = hour_of(end_s)
        told = sum(begin_s < at_s <= end_s for alert in alerts for at_s in alert.told_at_s)
        return cls(rule.messages_per_hour, end_s, told)

    def has_room(self, kind: Kind) -> bool:
        """True if one more may be told. Reminders leave half of the room to what is new."""
        return self.told < (self.cap // 2 if kind is Kind.REMINDER else self.cap)

    def decide(
        self,
        rule: Rule,
        alert: Alert,
        datapoints: Sequence[Datapoint],
        newest_s: int,
        at_s: int,
        *,
        muted_by: str,
    ) -> Decision:
        """The decision of the protocol, within the budget: what it has no room for is held back."""
        alert = _of_the_hour(alert, at_s)
        decision = decide(rule, alert, datapoints, newest_s, at_s, muted_by=muted_by)
        if not self.cap or muted_by:
            return decision
        transition = decision.transition
        if is_held(alert) and decision.alert.state.is_firing:
            return decide(rule, alert, datapoints, newest_s, at_s, muted_by=HELD_BY)
        if transition is None or transition.kind not in _COUNTED:
            return decision
        if self.has_room(transition.kind):
            self.told += 1
            told = decision.alert.changed(told_at_s=(*decision.alert.told_at_s, at_s))
            if self.told == self.cap:
                transition = replace(transition, reason=f"{transition.reason}{self._last_words()}")
            return Decision(told, transition)
        if transition.kind is Kind.REMINDER and transition.told_from is None:
            return decide(rule, alert, datapoints, newest_s, at_s, remind=False)
        held = decide(rule, alert, datapoints, newest_s, at_s, muted_by=HELD_BY)
        return replace(held, alert=held.alert.changed(held_at_s=(*held.alert.held_at_s, at_s)))

    def _last_words(self) -> str:
        until = time_text(hour_of(self.end_s) + HOUR_S)
        return f" (that is {HELD_BY}, {self.cap}: what fires before {until} is held back, and summed up then)"


def _of_the_hour(alert: Alert, at_s: int) -> Alert:
    """The alert without its messages of earlier hours."""
    if not alert.told_at_s and not alert.held_at_s:
        return alert
    begin_s = hour_of(at_s)
    told = tuple(time_s for time_s in alert.told_at_s if time_s > begin_s)
    held = tuple(time_s for time_s in alert.held_at_s if time_s > begin_s)
    if (told, held) == (alert.told_at_s, alert.held_at_s):
        return alert
    return alert.changed(told_at_s=told, held_at_s=held)
