"""The alert protocol: everything that decides on the state of an alert, and on what it notifies, is on this page.

Each group of a rule has one alert. An evaluation gives it the datapoints of the periods that are complete; a period
that is evaluated again, because points came late, gives one again, which takes the place of the first. The alert
remembers as many as it needs, and they are read in three steps:

1. A datapoint has a verdict, by its value (`verdict_of`) or, where there is no data, by the rule's policy
   (`verdict_without_data`). With the policy `ignore`, a period without data is passed over.
2. The remembered datapoints together are a finding (`_finding`): enough of the last N breach, or are missing (M of N);
   or it is `clear` that the alert is over; or neither, `unsettled`. An alert that fires is clear when its last recovery
   datapoints are all known and in `CLEARED_BY`, and `hold` seconds have passed since the last period that breached or
   was missing (`held_until_s`); any other when none of the last N breaches or is missing.
3. State and finding are a cell of `TABLE`: the next state, and the kind of transition, None for none. A transition is
   `late` if the datapoints without the points that came late are another cell.

Two kinds ask the rule once more: a reminder waits until `renotify` seconds have passed since the last notification (0:
never), and with `notify_on_resolve: false` a resolve is silent. That an alert has ended (its rule was changed or
deleted, its group forgotten, or somebody closed it) is a finding as well: it is closed in the words of the rule as it
was, what it remembered is forgotten, and periods that began before are not judged any more.

While an alert is muted nothing of it is sent: its state changes as ever, what it would have told is `muted`, and it
remembers what receivers were told last. When that is over, the difference between this and what is is told; what fires
and was told before is told once more, as a reminder (`_told_now`). Of an alert that somebody has acknowledged there
are no reminders until it is over.

Nothing here knows the time, or which function asks: equal arguments give equal decisions, so that of two evaluations of
an interval one is written, and the other finds the item changed and `evaluated_to` set. One thing holds datapoints back
before they come here: a group beyond the cap has none (`evaluation.admission`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Any

from handlers.domain.alerts.periods import HOUR_S, period_start
from handlers.domain.alerts.rules.reading import rule_document, rule_revision
from handlers.domain.alerts.rules.rule import MissingData, Rule
from handlers.domain.alerts.state.alert import Alert, Datapoint, Muted, Verdict
from handlers.domain.alerts.state.reason import held_text, reason_of
from handlers.domain.alerts.state.transition import Kind, Transition, recorded
from handlers.vocabulary import AlertState


class Finding(StrEnum):
    """The remembered datapoints of an alert, taken together."""

    NOTHING = "nothing known"
    BREACHING = "M of N breach"
    MISSING = "M of N missing"
    UNSETTLED = "unsettled"
    CLEAR = "clear"
    ENDED = "ended"


# The verdict of a period without data, by the rule's `missing_data`; None: no datapoint. With `zero` it is that of 0.
VERDICT_WITHOUT_DATA: Mapping[MissingData, Verdict | None] = {
    MissingData.IGNORE: None,
    MissingData.NOT_BREACHING: Verdict.RECOVERED,
    MissingData.BREACHING: Verdict.BREACHING,
    MissingData.MISSING: Verdict.MISSING,
}

# The verdicts of the last recovery datapoints by which a firing alert is clear: an alarm needs them recovered, missing
# data only needs data, whatever it says.
CLEARED_BY: Mapping[AlertState, frozenset[Verdict]] = {
    AlertState.ALARM: frozenset({Verdict.RECOVERED}),
    AlertState.MISSING: frozenset({Verdict.RECOVERED, Verdict.BETWEEN, Verdict.BREACHING}),
}

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


@dataclass(frozen=True, slots=True)
class Decision:
    """The alert as it is now, and its transition, if it made one."""

    alert: Alert
    transition: Transition | None = None


def verdict_without_data(rule: Rule) -> Verdict | None:
    """The verdict of a period without data; None if it gives no datapoint."""
    if rule.missing_data is MissingData.ZERO:
        return verdict_of(rule, Fraction(0))
    return VERDICT_WITHOUT_DATA[rule.missing_data]


def silence_counts(rule: Rule) -> bool:
    """True if a period without data, of a group that is known, counts towards ALARM or MISSING."""
    verdict = verdict_without_data(rule)
    return verdict is not None and not verdict.is_healthy


def silence_is_healthy(rule: Rule) -> bool:
    """True if a period without data, of any group, is as good as one with data that do not breach."""
    verdict = verdict_without_data(rule)
    return verdict is not None and verdict.is_healthy


def verdict_of(rule: Rule, value: Fraction) -> Verdict:
    """The verdict of a datapoint with this value."""
    if rule.condition.holds(value):
        return Verdict.BREACHING
    return Verdict.BETWEEN if rule.recovery.condition.holds(value) else Verdict.RECOVERED


def look_back_s(rule: Rule) -> int:
    """The seconds before the end of the newest complete period in which a datapoint that counts has begun."""
    periods_s = rule.datapoints_kept * rule.period_s
    return max(2 * periods_s, HOUR_S) if rule.missing_data is MissingData.IGNORE else periods_s


def counts_back_s(rule: Rule, state: AlertState | None = None) -> int:
    """The seconds before the end of the newest complete period in which a datapoint that is remembered has begun.

    With `ignore`, what an alert that fires has recovered by is known until its hold is over. None stands for any state.
    """
    if rule.missing_data is MissingData.IGNORE and (state is None or state.is_firing):
        return max(look_back_s(rule), rule.hold_s + 2 * rule.period_s)
    return look_back_s(rule)


def held_until_s(rule: Rule, alert: Alert) -> int:
    """The time until which an alert that fires is held, though it has recovered; 0 if it has not, or is not held."""
    if not alert.state.is_firing or not _has_recovered(rule, alert):
        return 0
    until_s = _unhealthy_s(rule, alert) + rule.period_s + rule.hold_s
    return until_s if until_s > alert.newest_s + rule.period_s else 0


def judged_from_s(rule: Rule, alert: Alert | None) -> int:
    """The time before which no period that is judged began: the rule was not in force, or the alert not begun."""
    return max(rule.in_force_since_s, 0 if alert is None else alert.judged_from_s)


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
    kept = _remembered(rule, alert, datapoints, newest_s)
    known = alert.changed(
        datapoints=kept,
        newest_s=newest_s,
        rule=document,
        rule_revision=revision,
        evaluated_to_s=max(at_s, alert.evaluated_to_s),
        heard_s=max([alert.heard_s, *heard]),
        watched=alert.watched and not heard,
        unhealthy_s=_unhealthy_before_s(rule, alert, kept, newest_s),
    )
    state, kind = TABLE[alert.state][_finding(rule, known)]
    muted = _muted(alert, state, muted_by, at_s)
    if muted is not known.muted or (known.acknowledged is not None and not state.is_firing):
        known = known.changed(muted=muted, acknowledged=alert.acknowledged if state.is_firing else None)
    if state is alert.state:
        if known.muted is None and alert.muted is not None:
            return _told_now(rule, known, alert.muted, at_s)
        if kind is None or known.muted is not None or not remind or not reminder_is_due(rule, alert, at_s):
            return Decision(known)
        reason = f"still {state}{held_text(held_until_s(rule, known))}"
        return decide_for(known, state, Kind.REMINDER, at_s, alert.since_s, reason)
    kind = _kind_of_change(
        kind or Kind.SILENT, alert, state, muted_by, notify_on_resolve=rule.notify_on_resolve
    )
    last, recovery = _last(rule, known, rule.datapoints.out_of), _recovery(rule, known)
    reason = reason_of(rule, alert.state, state, last, recovery)
    end_s = newest_s + rule.period_s
    late = False
    if any(item.late for item in known.datapoints):
        on_time = known.changed(datapoints=tuple(_without_late(known.datapoints)))
        late = TABLE[alert.state][_finding(rule, on_time)][0] is not state
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


def without_old(rule: Rule, alert: Alert, newest_s: int) -> Alert:
    """The alert without datapoints that are too old to count when this is its newest complete period."""
    newest_s = max(newest_s, alert.newest_s)
    return replace(alert, datapoints=_remembered(rule, alert, (), newest_s), newest_s=newest_s)


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


def _muted(alert: Alert, state: AlertState, by: str, at_s: int) -> Muted | None:
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


def _kind_of_change(
    kind: Kind, alert: Alert, state: AlertState, muted_by: str, *, notify_on_resolve: bool
) -> Kind:
    """The kind of a change of state: that of the table's cell, unless it is held back or nobody is to hear of it."""
    if alert.muted is not None and not muted_by and state is AlertState.OK:
        kind = Kind.RESOLVED if alert.muted.told.is_firing else Kind.SILENT
    if kind is Kind.RESOLVED and not notify_on_resolve:
        return Kind.SILENT
    return Kind.MUTED if muted_by and kind.notifies else kind


def _told_now(rule: Rule, alert: Alert, was: Muted, at_s: int) -> Decision:
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


def _finding(rule: Rule, alert: Alert) -> Finding:
    if not alert.datapoints:
        return Finding.NOTHING
    last = _last(rule, alert, rule.datapoints.out_of)
    if sum(item.verdict is Verdict.BREACHING for item in last) >= rule.datapoints.needed:
        return Finding.BREACHING
    if sum(item.verdict is Verdict.MISSING for item in last) >= rule.datapoints.needed:
        return Finding.MISSING
    if alert.state.is_firing:
        clear = _has_recovered(rule, alert) and not held_until_s(rule, alert)
    elif (
        alert.state is AlertState.OK
    ):  # what was there when an alert was resolved does not put it in doubt again
        clear = all(
            item.verdict.is_healthy or item.start_s + rule.period_s <= alert.resolved_s for item in last
        )
    else:
        clear = all(item.verdict.is_healthy for item in last)
    return Finding.CLEAR if clear else Finding.UNSETTLED


def _recovery(rule: Rule, alert: Alert) -> Sequence[Datapoint]:
    """The datapoints that a recovery looks at."""
    return _last(rule, alert, rule.recovery.datapoints, counts_back_s(rule, alert.state))


def _has_recovered(rule: Rule, alert: Alert) -> bool:
    recovery = _recovery(rule, alert)
    return len(recovery) == rule.recovery.datapoints and all(
        item.verdict in CLEARED_BY[alert.state] for item in recovery
    )


def _kept(
    rule: Rule, state: AlertState, datapoints: Sequence[Datapoint], newest_s: int
) -> Sequence[Datapoint]:
    """The last datapoints, as many as an alert in this state must remember."""
    return _last_of(rule, datapoints, newest_s, rule.datapoints_kept, counts_back_s(rule, state))


def _unhealthy_s(rule: Rule, alert: Alert) -> int:
    """The start of the last period that breached or was missing; 0 if none is known."""
    return max(
        [
            alert.unhealthy_s,
            *(
                item.start_s
                for item in _kept(rule, alert.state, alert.datapoints, alert.newest_s)
                if not item.verdict.is_healthy
            ),
        ]
    )


def _unhealthy_before_s(rule: Rule, alert: Alert, datapoints: Sequence[Datapoint], newest_s: int) -> int:
    """The start of the last such period, of those that an alert that fires remembers no more; late points come too late
    for these."""
    if not alert.state.is_firing:
        return 0
    kept = {item.start_s for item in _kept(rule, alert.state, datapoints, newest_s)}
    before = _kept(rule, alert.state, alert.datapoints, alert.newest_s)
    left = (item for item in before if item.start_s not in kept)
    return max([alert.unhealthy_s, *(item.start_s for item in left if not item.verdict.is_healthy)])


def _without_late(datapoints: Iterable[Datapoint]) -> Iterator[Datapoint]:
    for item in datapoints:
        on_time = item.without_late()
        if on_time is not None:
            yield on_time


def _remembered(
    rule: Rule, alert: Alert, datapoints: Iterable[Datapoint], newest_s: int
) -> tuple[Datapoint, ...]:
    by_start = {item.start_s: item for item in (*alert.datapoints, *datapoints)}
    known = [by_start[start] for start in sorted(by_start)]
    kept = _kept(rule, alert.state, known, newest_s)
    if rule.missing_data is not MissingData.IGNORE or all(item.without_late() for item in kept):
        return tuple(kept)
    # Without those that are there by late points alone, others before them would be the last.
    on_time = _kept(rule, alert.state, [item for item in known if item.without_late()], newest_s)
    wanted = {item.start_s for item in (*kept, *on_time)}
    return tuple(item for item in known if item.start_s in wanted)


def _last(rule: Rule, alert: Alert, count: int, back_s: int | None = None) -> Sequence[Datapoint]:
    """The datapoints of the last `count` periods; with `ignore`, of the last that had data and are not too old."""
    return _last_of(
        rule, alert.datapoints, alert.newest_s, count, look_back_s(rule) if back_s is None else back_s
    )


def _last_of(
    rule: Rule, datapoints: Sequence[Datapoint], newest_s: int, count: int, back_s: int
) -> Sequence[Datapoint]:
    if rule.missing_data is MissingData.IGNORE:
        oldest_s = newest_s + rule.period_s - back_s
        return [item for item in datapoints if item.start_s >= oldest_s][-count:]
    oldest_s = newest_s - count * rule.period_s
    return [item for item in datapoints if oldest_s < item.start_s]


@lru_cache(maxsize=1_024)
def _said_by(rule: Rule) -> tuple[Mapping[str, Any], str]:
    """The document and the revision of a rule, which all of its alerts share."""
    return rule_document(rule), rule_revision(rule)


def reminder_is_due(rule: Rule, alert: Alert, at_s: int) -> bool:
    """True if it is so long ago that an alert that fires was told, and nobody has said that they know of it."""
    if alert.acknowledged is not None:
        return False
    return bool(rule.renotify_s) and at_s - alert.notified_at_s >= rule.renotify_s


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
