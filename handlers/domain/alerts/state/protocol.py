"""The alert protocol: what decides on the state of an alert, and on what it notifies; this folder holds all of it.

Each group of a rule has one alert. An evaluation gives it the datapoints of the periods that are complete; a period
that is evaluated again, because points came late, gives one again, which takes the place of the first. The alert
remembers as many as it needs, and they are read in three steps:

1. A datapoint has a verdict, by its value (`verdict_of`) or, where there is no data, by the rule's policy
   (`verdict_without_data`). With the policy `ignore`, a period without data is passed over.
2. The datapoints it remembers (`remembered`) are together a finding (`finding_of`): enough of the last N breach, or are
   missing (M of N); or it is `clear` that the alert is over; or neither, `unsettled`. An alert that fires is clear when
   its last recovery datapoints are all known and in `CLEARED_BY`, and `hold` seconds have passed since the last period
   that breached or was missing (`held_until_s`); any other when none of the last N breaches or is missing.
3. State and finding are a cell of `TABLE`: the next state, and the kind of transition, None for none. A transition is
   `late` if the datapoints without the points that came late are another cell.

Two kinds ask the rule once more: a reminder waits until `renotify` seconds have passed since the last notification (0:
never), and with `notify_on_resolve: false` a resolve is silent. That an alert has ended (its rule was changed or
deleted, its group forgotten, or somebody closed it) is a finding as well: it is closed in the words of the rule as it
was, what it remembered is forgotten, and periods that began before are not judged any more.

While an alert is muted nothing of it is sent: its state changes as ever, what it would have told is `muted`, and it
remembers what receivers were told last. When that is over, the difference between this and what is is told; what fires
and was told before is told once more, as a reminder (`told_now`). Of an alert that somebody has acknowledged there
are no reminders until it is over.

Nothing here knows the time, or which function asks: equal arguments give equal decisions, so that of two evaluations of
an interval one is written, and the other finds the item changed and `evaluated_to` set. One thing holds datapoints back
before they come here: a group beyond the cap has none (`evaluation.admission`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from handlers.domain.alerts.periods import period_start
from handlers.domain.alerts.rules.reading import rule_document, rule_revision
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.alert import Alert, Datapoint
from handlers.domain.alerts.state.decision import Decision, decide_for, reminder_is_due
from handlers.domain.alerts.state.finding import Finding, finding_of, held_until_s, recovery_datapoints
from handlers.domain.alerts.state.memory import (
    judged_from_s,
    last_datapoints,
    look_back_s,
    remembered,
    unhealthy_before_s,
    without_late,
)
from handlers.domain.alerts.state.muted import kind_of_change, muted_after, told_now
from handlers.domain.alerts.state.reason import held_text, reason_of
from handlers.domain.alerts.state.transition import Kind
from handlers.vocabulary import AlertState

Cell = tuple[AlertState, Kind | None]
_STAYS_OK, _TO_OK, _RESOLVED = ((AlertState.OK, kind) for kind in (None, Kind.SILENT, Kind.RESOLVED))
_STAYS_PENDING, _TO_PENDING = (AlertState.PENDING, None), (AlertState.PENDING, Kind.SILENT)
_STAYS_ALARM, _TO_ALARM = (AlertState.ALARM, Kind.REMINDER), (AlertState.ALARM, Kind.ALARM)
_STAYS_MISSING, _TO_MISSING = (AlertState.MISSING, Kind.REMINDER), (AlertState.MISSING, Kind.MISSING)

# fmt: off
_ROWS: Mapping[AlertState, tuple[Cell, ...]] = {
    #                    nothing known    M of N breach   M of N missing   unsettled        clear       ended
    AlertState.OK:      (_STAYS_OK,       _TO_ALARM,      _TO_MISSING,     _TO_PENDING,     _STAYS_OK,  _STAYS_OK),
    AlertState.PENDING: (_TO_OK,          _TO_ALARM,      _TO_MISSING,     _STAYS_PENDING,  _TO_OK,     _TO_OK),
    AlertState.ALARM:   (_STAYS_ALARM,    _STAYS_ALARM,   _TO_MISSING,     _STAYS_ALARM,    _RESOLVED,  _RESOLVED),
    AlertState.MISSING: (_STAYS_MISSING,  _TO_ALARM,      _STAYS_MISSING,  _STAYS_MISSING,  _RESOLVED,  _RESOLVED),
}
# fmt: on
TABLE = {state: dict(zip(Finding, cells, strict=True)) for state, cells in _ROWS.items()}


def decide(
    rule: Rule,
    alert: Alert,
    datapoints: Sequence[Datapoint],
    newest_s: int,
    at_s: int,
    *,
    muted_by: str = "",
    remind: bool = True,
) -> Decision:
    """The alert after these datapoints, new ones and ones evaluated again.

    `newest_s` is the start of the rule's last complete period, `at_s` the end of the evaluation interval, `muted_by`
    what holds the alert back then, if anything does. Unless told to `remind`, it makes no reminder.
    """
    newest_s = max(newest_s, alert.newest_s)
    heard = [item.start_s for item in datapoints if item.count]
    document, revision = _said_by(rule)
    kept = remembered(rule, alert, datapoints, newest_s)
    known = alert.changed(
        datapoints=kept,
        newest_s=newest_s,
        rule=document,
        rule_revision=revision,
        evaluated_to_s=max(at_s, alert.evaluated_to_s),
        heard_s=max(alert.heard_s, *heard) if heard else alert.heard_s,
        watched=alert.watched and not heard,
        unhealthy_s=unhealthy_before_s(rule, alert, kept, newest_s),
    )
    state, kind = TABLE[alert.state][finding_of(rule, known)]
    muted = muted_after(alert, state, muted_by, at_s)
    if muted is not known.muted or (known.acknowledged is not None and not state.is_firing):
        known = known.changed(muted=muted, acknowledged=alert.acknowledged if state.is_firing else None)
    if state is alert.state:
        if known.muted is None and alert.muted is not None:
            return told_now(rule, known, alert.muted, at_s)
        if kind is None or known.muted is not None or not remind or not reminder_is_due(rule, alert, at_s):
            return Decision(known)
        reason = f"still {state}{held_text(held_until_s(rule, known))}"
        return decide_for(known, state, Kind.REMINDER, at_s, alert.since_s, reason)
    kind = kind_of_change(
        kind or Kind.SILENT, alert, state, muted_by, notify_on_resolve=rule.notify_on_resolve
    )
    last, recovery = last_datapoints(rule, known, rule.datapoints.out_of), recovery_datapoints(rule, known)
    reason = reason_of(rule, alert.state, state, last, recovery)
    end_s = newest_s + rule.period_s
    late = False
    if any(item.late for item in known.datapoints):
        on_time = known.changed(datapoints=tuple(without_late(known.datapoints)))
        late = TABLE[alert.state][finding_of(rule, on_time)][0] is not state
    if alert.state.is_firing and state is AlertState.OK:
        known = known.changed(resolved_s=end_s, unhealthy_s=0)
    told_from = None
    if kind is Kind.RESOLVED and alert.muted is not None and not alert.state.is_firing:
        told_from = alert.muted.told
    begun_s = judged_from_s(rule, alert)
    part = begun_s if begun_s > end_s - look_back_s(rule) else None
    return decide_for(
        known, state, kind, at_s, end_s, reason, late=late, judged_from_s=part, told_from=told_from
    )


def close(
    alert: Alert,
    reason: str,
    at_s: int,
    *,
    notify_on_resolve: bool,
    judged_from_s: int = 0,
    stays_known: bool = False,
) -> Decision:
    """Closes an alert that has ended: what its datapoints said means nothing any more.

    Periods that began before `judged_from_s` are not judged; of a rule that was changed, the time it is in force says
    so. A group that `stays_known` is looked at until it is heard of again.
    """
    state, kind = TABLE[alert.state][Finding.ENDED]
    told_from = None
    if alert.muted is not None:
        # Nobody looks at it any more, so receivers are not left with what they were told.
        kind = Kind.RESOLVED if alert.muted.told.is_firing else kind and Kind.SILENT
        told_from = None if alert.state.is_firing else alert.muted.told
        alert = replace(alert, muted=None)
    if kind is Kind.RESOLVED and not notify_on_resolve:
        kind = Kind.SILENT
    since_s = period_start(at_s, alert.rule.get("period", 1))
    closed = replace(alert, since_s=since_s)
    decision = Decision(closed)
    if kind is not None:
        decision = decide_for(alert, state, kind, at_s, since_s, reason, told_from=told_from)
    ended = replace(
        decision.alert,
        datapoints=(),
        newest_s=0,
        heard_s=0,
        unhealthy_s=0,
        judged_from_s=max(judged_from_s, alert.judged_from_s),
        watched=stays_known,
        acknowledged=None,
        told_at_s=(),
        held_at_s=(),
    )
    return replace(decision, alert=ended)


@lru_cache(maxsize=1_024)
def _said_by(rule: Rule) -> tuple[Mapping[str, Any], str]:
    """The document and the revision of a rule, which all of its alerts share."""
    return rule_document(rule), rule_revision(rule)
