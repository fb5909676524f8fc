"""Decides, from what was known of a group and what is known now, which state its alert is in and whom to tell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from handlers.domain.alerts.rules.reading import rule_document, rule_revision
from handlers.domain.alerts.rules.rule import MissingData, Rule, number_text
from handlers.domain.alerts.state.alert import HISTORY, Alert, Judged, Verdict
from handlers.vocabulary import AlertState

# An alert of a hundred datapoints must fit its item, history and all.
_PERIODS_KEPT = 10
_VALUES_TOLD = 5


class Kind(StrEnum):
    """What a transition tells people."""

    ALARM = "alarm"
    MISSING = "missing"
    RESOLVED = "resolved"
    REMINDER = "reminder"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state, or a reminder of one, with the evidence for it. `number` counts those people hear of."""

    kind: Kind
    previous_state: AlertState
    state: AlertState
    at: int
    since: int
    reason: str
    value: float | None
    late: bool
    periods: tuple[Judged, ...]
    number: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The alert as it is now, and what happened to it."""

    alert: Alert
    transitions: tuple[Transition, ...] = ()


def decide(rule: Rule, alert: Alert, judged: Sequence[Judged], newest: int, at: int) -> Decision:
    """The state after `judged` periods, new ones and ones judged again, where `newest` is the last complete one.

    The same arguments give the same decision, whoever evaluates and when: `at` is the end of the tick.
    """
    newest = max(newest, alert.newest)
    periods = _remembered(rule, alert, judged, newest)
    known = replace(
        alert, periods=periods, newest=newest, rule=rule_document(rule), rule_revision=rule_revision(rule)
    )
    state = _next_state(rule, alert, periods, newest)
    if state is alert.state:
        return _remind(rule, known, at)
    late = any(item.late for item in judged)
    return _move(
        known, state, newest + rule.period, at, _reason(rule, state, periods, newest), late=late, rule=rule
    )


def close(alert: Alert, reason: str, at: int, *, notify_on_resolve: bool) -> Decision:
    """Ends an alert whose rule is not what it was: what its periods said means nothing any more."""
    forgotten = replace(alert.forgotten(), since=at)
    if alert.state is AlertState.OK:
        return Decision(forgotten)
    kind = Kind.RESOLVED if alert.state.is_firing and notify_on_resolve else Kind.SILENT
    return _record(forgotten, _transition(alert, AlertState.OK, kind, at, at, reason, late=False), at)


def _remembered(rule: Rule, alert: Alert, judged: Iterable[Judged], newest: int) -> tuple[Judged, ...]:
    by_start = {item.start: item for item in alert.periods} | {item.start: item for item in judged}
    return tuple(_last(rule, [by_start[start] for start in sorted(by_start)], newest, rule.kept))


def _last(rule: Rule, periods: Sequence[Judged], newest: int, count: int) -> Sequence[Judged]:
    """The last so many periods. Where missing data is ignored, a period without data is as if it never was."""
    if rule.missing_data is MissingData.IGNORE:
        return periods[-count:]
    return [item for item in periods if newest - count * rule.period < item.start]


def _next_state(rule: Rule, alert: Alert, periods: Sequence[Judged], newest: int) -> AlertState:
    if not periods:
        return alert.state
    last = _last(rule, periods, newest, rule.datapoints.out_of)
    breaching = [item for item in last if item.verdict is Verdict.BREACHING]
    missing = [item for item in last if item.verdict is Verdict.MISSING]
    if len(breaching) >= rule.datapoints.needed:
        return AlertState.ALARM
    if len(missing) >= rule.datapoints.needed:
        return AlertState.MISSING
    if alert.state.is_firing:
        return AlertState.OK if _has_recovered(rule, alert.state, periods) else alert.state
    doubtful = [*breaching, *missing]
    if (
        alert.state is AlertState.OK
    ):  # what was there when an alert was resolved does not put it in doubt again
        doubtful = [item for item in doubtful if item.start + rule.period > alert.since]
    return AlertState.PENDING if doubtful else AlertState.OK


def _has_recovered(rule: Rule, state: AlertState, periods: Sequence[Judged]) -> bool:
    """An alarm is over when its last periods recovered; missing data is over when there is data that is no alarm."""
    enough = {Verdict.RECOVERED} if state is AlertState.ALARM else {Verdict.RECOVERED, Verdict.BETWEEN}
    return all(item.verdict in enough for item in periods[-rule.recovery.datapoints :])


def _remind(rule: Rule, alert: Alert, at: int) -> Decision:
    due = rule.renotify and alert.state.is_firing and at - alert.notified_at >= rule.renotify
    if not due:
        return Decision(alert)
    reason = f"still {alert.state}"
    transition = _transition(alert, alert.state, Kind.REMINDER, at, alert.since, reason, late=False)
    return _record(alert, transition, at)


def _move(
    alert: Alert, state: AlertState, since: int, at: int, reason: str, *, late: bool, rule: Rule
) -> Decision:
    kind = Kind.SILENT
    if state.is_firing:
        kind = Kind.ALARM if state is AlertState.ALARM else Kind.MISSING
    elif alert.state.is_firing and rule.notify_on_resolve:
        kind = Kind.RESOLVED
    transition = _transition(alert, state, kind, at, since, reason, late=late)
    return _record(replace(alert, state=state, since=since), transition, at)


def _transition(
    alert: Alert, state: AlertState, kind: Kind, at: int, since: int, reason: str, *, late: bool
) -> Transition:
    return Transition(
        kind=kind,
        previous_state=alert.state,
        state=state,
        at=at,
        since=since,
        reason=reason,
        value=_told_value(alert.periods, state, kind),
        late=late,
        periods=alert.periods,
        number=alert.sequence + (kind is not Kind.SILENT),
    )


def _told_value(periods: Sequence[Judged], state: AlertState, kind: Kind) -> float | None:
    """The value of the last period, or of the last that breached where that is the news."""
    if kind is Kind.ALARM:
        periods = [item for item in periods if item.verdict is Verdict.BREACHING]
    return periods[-1].value if periods and state is not AlertState.MISSING else None


def _record(alert: Alert, transition: Transition, at: int) -> Decision:
    entry = {
        "kind": str(transition.kind),
        "from": str(transition.previous_state),
        "to": str(transition.state),
        "at": at,
        "reason": transition.reason,
        "late": transition.late,
        "threshold": alert.rule.get("threshold"),
        "periods": [item.document() for item in transition.periods[-_PERIODS_KEPT:]],
    }
    told = transition.kind is not Kind.SILENT
    recorded = replace(
        alert,
        history=(*alert.history, entry)[-HISTORY:],
        sequence=transition.number,
        notified_at=at if told else alert.notified_at,
    )
    return Decision(recorded, (transition,))


def _reason(rule: Rule, state: AlertState, periods: Sequence[Judged], newest: int) -> str:
    last = _last(rule, periods, newest, rule.datapoints.out_of)
    out_of = f"of the last {rule.datapoints.out_of} periods of {rule.period} s"
    what = f"{rule.statistic} of {rule.metric_name}"
    if state is AlertState.OK:
        values = _values_text(periods[-rule.recovery.datapoints :])
        return f"{what} is {values}, which is not {rule.recovery.condition}"
    bad = {Verdict.MISSING} if state is AlertState.MISSING else {Verdict.BREACHING, Verdict.MISSING}
    found = [item for item in last if item.verdict in bad]
    values = _values_text(found)
    if state is AlertState.MISSING:
        return f"no data for {rule.metric_name} in {len(found)} {out_of}"
    return f"{what} is {values} in {len(found)} {out_of}, where {rule.condition} breaches; {rule.datapoints} fire"


def _values_text(periods: Sequence[Judged]) -> str:
    values = ["missing" if item.value is None else number_text(item.value) for item in periods]
    return ", ".join(["…", *values[-_VALUES_TOLD:]] if len(values) > _VALUES_TOLD else values)
