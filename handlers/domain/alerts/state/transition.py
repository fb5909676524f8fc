"""Transitions: a change of an alert's state, or a reminder of it, in words and in the alert's history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from handlers.domain.alerts.state.alert import HISTORY_ENTRIES, Acknowledgement, Alert, Datapoint, Verdict
from handlers.vocabulary import AlertState

# An alert of a hundred datapoints must fit its item, history and all.
_DATAPOINTS_KEPT = 10


class Kind(StrEnum):
    """The kind of a transition: of its notification, or silent. All stand in histories and messages, and stay."""

    ALARM = "alarm"
    MISSING = "missing"
    RESOLVED = "resolved"
    REMINDER = "reminder"
    SILENT = "silent"
    # It would be told, and is held back.
    MUTED = "muted"

    @property
    def notifies(self) -> bool:
        """True if there is a notification of it."""
        return self is not Kind.SILENT and self is not Kind.MUTED


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state, or a reminder of one, with the datapoints it rests on. `number` counts those that notify.

    `judged_from_s` is set where not all of the last periods were judged: those that began before it were not;
    `told_from` where receivers were told another state last, as the alert was muted.
    """

    kind: Kind
    previous_state: AlertState
    state: AlertState
    at_s: int
    since_s: int
    reason: str
    late: bool
    datapoints: tuple[Datapoint, ...]
    number: int
    judged_from_s: int | None = None
    told_from: AlertState | None = None

    @property
    def notify(self) -> bool:
        """True if there is a notification of it."""
        return self.kind.notifies

    @property
    def state_before(self) -> AlertState:
        """The state before it, as receivers know it."""
        return self.told_from or self.previous_state

    @property
    def datapoint(self) -> Datapoint | None:
        """The datapoint to tell of: the last that breaches where that is the news, or the last."""
        datapoints = self.datapoints
        if self.kind is Kind.ALARM:
            datapoints = tuple(item for item in datapoints if item.verdict is Verdict.BREACHING)
        return datapoints[-1] if datapoints else None

    @property
    def value(self) -> float | None:
        """The value of that datapoint; None where missing data is the news."""
        return None if self.datapoint is None or self.state is AlertState.MISSING else self.datapoint.value


def recorded(alert: Alert, transition: Transition) -> Alert:
    """The alert in its new state, with the transition in its history, but for reminders, and counted if it notifies."""
    entry = _entry(alert, transition.state, transition.at_s, transition.reason)
    entry["kind"], entry["from"] = str(transition.kind), str(transition.previous_state)
    entry["late"] = transition.late
    entry["periods"] = [item.document() for item in transition.datapoints[-_DATAPOINTS_KEPT:]]
    if alert.evaluated_to_s < transition.at_s:
        # It ended between evaluations: so it is for all intervals behind this, whenever they are evaluated.
        entry["evaluated_to"] = alert.evaluated_to_s
    if transition.judged_from_s is not None:
        entry["judged_from"] = transition.judged_from_s
    return alert.changed(
        state=transition.state,
        since_s=transition.since_s,
        history=alert.history if transition.kind is Kind.REMINDER else _with(alert, entry),
        sequence=transition.number,
        notified_at_s=transition.at_s if transition.notify else alert.notified_at_s,
    )


def not_evaluated(alert: Alert, from_s: int, to_s: int) -> Alert:
    """The alert with the intervals in its history that no evaluation will make up for any more."""
    times = (datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for time_s in (from_s, to_s))
    entry = _entry(alert, alert.state, to_s, "not evaluated from {} to {}".format(*times))
    return alert.changed(history=_with(alert, entry))


def acknowledged(alert: Alert, by: Acknowledgement | None, at_s: int) -> Alert:
    """The alert that somebody knows of, or nobody any more (None), with that in its history."""
    who = by or alert.acknowledged
    said = "" if who is None else f" by {who.by}" + (f": {who.why}" if who.why else "")
    reason = f"acknowledged{said}" if by else f"no more acknowledged{said}"
    return alert.changed(history=_with(alert, _entry(alert, alert.state, at_s, reason)), acknowledged=by)


def _entry(alert: Alert, state: AlertState, at_s: int, reason: str) -> dict[str, Any]:
    return {
        "kind": str(Kind.SILENT),
        "from": str(alert.state),
        "to": str(state),
        "at": at_s,
        "reason": reason,
        "late": False,
        "threshold": alert.rule.get("threshold"),
        "periods": [],
    }


def _with(alert: Alert, entry: dict[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The alert's history with an entry more."""
    return (*alert.history, entry)[-HISTORY_ENTRIES:]
