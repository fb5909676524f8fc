"""Evaluates one rule for all its groups in one interval: the datapoints that are due or late, and what they change.

Two looks: the first finds the groups that matter, and those whose late points make a difference; of these all periods
that may still count are merged, and then every group that matters is decided.
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import filterfalse

from handlers.domain.alerts.evaluation.admission import Admission
from handlers.domain.alerts.evaluation.datapoint import datapoint_in_time, evaluate_datapoint
from handlers.domain.alerts.evaluation.endings import end_alert
from handlers.domain.alerts.evaluation.screening import healthy_groups
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertUpdate
from handlers.domain.alerts.periods import last_complete_period
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group, group_rank
from handlers.domain.alerts.state.alert import Alert, Datapoint
from handlers.domain.alerts.state.memory import judged_from_s
from handlers.domain.alerts.state.message_cap import MessageBudget
from handlers.domain.alerts.state.verdicts import silence_counts, silence_is_healthy
from handlers.domain.alerts.windows.known_groups import KnownGroups
from handlers.domain.alerts.windows.merging import MergedWindow


@dataclass(slots=True)
class RuleWindows:
    """The windows that one interval of one rule is evaluated from.

    `due_s` is the start of the period that ends with the interval, None if none does. `before` has the names of the
    period before that, where silence counts and its groups were judged; `late` the windows of earlier periods, with the
    groups that had points late; `heard` the groups of late points that are too old to count but make them known, with
    the start of the period.
    `again` has all periods that may still count, for the groups whose late points make a difference. `noted` are the
    groups of the last full hour, where the periods before were not evaluated, or there are more groups than the cap;
    `meanwhile` are the groups that are silent after that, with the last period not evaluated in which they were not.
    """

    due_s: int | None = None
    due: MergedWindow = field(default_factory=MergedWindow)
    before: MergedWindow = field(default_factory=MergedWindow)
    late: dict[int, tuple[MergedWindow, Set[Group]]] = field(default_factory=dict)
    heard: dict[Group, int] = field(default_factory=dict)
    again: Mapping[int, MergedWindow] | None = None
    noted: tuple[KnownGroups, ...] = ()
    noted_are_known: bool = False
    meanwhile: Mapping[Group, int] = field(default_factory=dict)
    # Groups that were heard of last before this are forgotten.
    forgotten_s: int = 0
    # What the points of the period that is due say by themselves: found once, however often it is looked at.
    healthy: Set[Group] | None = None
    in_time: dict[Group, Datapoint | None] = field(default_factory=dict)

    def noted_s(self, group: Group) -> int:
        """The start of the last period in which the group was noted; 0 if it was not, or is forgotten."""
        noted_s = max((note.since_s for note in self.noted if group in note.groups), default=0)
        return noted_s if max(noted_s, self.meanwhile.get(group, 0)) >= self.forgotten_s else 0


@dataclass(slots=True)
class FirstLook:
    """The groups that matter, with the datapoint that is due, if there is one; and those to be evaluated again."""

    admission: Admission
    due: dict[Group, Datapoint | None] = field(default_factory=dict)
    again: set[Group] = field(default_factory=set)

    @property
    def groups(self) -> Collection[Group]:
        """All groups that matter."""
        return self.due.keys() | self.again


def first_look(
    rule: Rule, windows: RuleWindows, alerts: Mapping[Group, Alert], newest_s: int, group_cap: int
) -> FirstLook:
    """The groups that the interval may change; `alerts` are those that are not healthy, or were just now.

    A healthy datapoint of a group without an alert changes nothing, as its other datapoints are healthy or unknown.
    """
    silence = silence_counts(rule)
    opened = {group for group, alert in alerts.items() if not alert.is_quiet}
    before = windows.before.names
    noted = frozenset[Group]().union(*(note.groups for note in windows.noted))
    admission = Admission(group_cap, windows.due, opened, noted, before, rule.by)
    look = FirstLook(admission)
    if windows.due_s is not None:
        groups = dict.fromkeys((*alerts, *windows.due.names))
        if silence:
            noted_groups = noted if windows.noted_are_known else ()
            groups |= dict.fromkeys((*before, *noted_groups, *(() if rule.by else ((),))))
        healthy = _healthy(rule, windows) - alerts.keys()
        for group in filterfalse(healthy.__contains__, groups):
            alert = alerts.get(group)
            found = _due_datapoint(rule, windows, windows.due_s, admission, group, alert)
            if alert is not None or (found is not None and not found.verdict.is_healthy):
                look.due[group] = found
    else:
        look.due = dict.fromkeys(alerts)
    for start_s, (window, groups_late) in windows.late.items():
        for group in admission.room(groups_late):
            if _makes_a_difference(rule, start_s, window, group, alerts.get(group), windows, newest_s):
                look.again.add(group)
    for group in admission.room(windows.heard):
        # They may make it known since before the first datapoint that it has.
        if windows.heard[group] >= judged_from_s(rule, alerts.get(group)):
            look.again.add(group)
    return look


def _healthy(rule: Rule, windows: RuleWindows) -> Set[Group]:
    """The groups that surely do not breach in the period that is due."""
    if windows.healthy is None:
        windows.healthy = healthy_groups(rule, windows.due)
    return windows.healthy


def _due_datapoint(
    rule: Rule, windows: RuleWindows, start_s: int, admission: Admission, group: Group, alert: Alert | None
) -> Datapoint | None:
    """The datapoint of the period that is due; None if nothing is known of it."""
    if start_s < judged_from_s(rule, alert) or not admission.has_room_for(group):
        return None
    in_time = _datapoint_in_time(rule, windows, start_s, group)
    if in_time is not None:
        return in_time
    aggregate = windows.due.aggregate(group)
    on_time = _is_known_on_time(rule, windows, start_s, group, alert)
    closed_s = 0 if alert is None else alert.judged_from_s
    heard_late = group in windows.before.late and start_s - rule.period_s >= closed_s
    known = on_time or heard_late or (alert is not None and not alert.is_quiet)
    if aggregate is None and (not known or admission.is_unknown(group)):
        return None
    # A healthy alert may remember the group from so long ago that it is forgotten: its silence is none then.
    on_time = on_time or (alert is not None and _known_since_s(alert) <= start_s)
    return evaluate_datapoint(rule, start_s, aggregate, known=known, known_on_time=on_time)


def _datapoint_in_time(rule: Rule, windows: RuleWindows, start_s: int, group: Group) -> Datapoint | None:
    """The datapoint of a group whose points of the period all came in time; None if there is none."""
    if group not in windows.in_time:
        aggregate = windows.due.aggregate(group)
        windows.in_time[group] = None
        if aggregate is not None and not aggregate.is_late:
            windows.in_time[group] = datapoint_in_time(rule, start_s, aggregate)
    return windows.in_time[group]


def _is_known_on_time(
    rule: Rule, windows: RuleWindows, start_s: int, group: Group, alert: Alert | None
) -> bool:
    """True if the group was heard of before the period that is due, also without points that came late."""
    if silence_is_healthy(rule) or not rule.by:
        return True
    closed_s = 0
    if alert is not None:
        closed_s = alert.judged_from_s
        if alert.watched or (not alert.is_quiet and not alert.datapoints):
            return True
        if not alert.is_quiet and _known_since_s(alert) <= start_s:
            return True
    if group in windows.before.groups and start_s - rule.period_s >= closed_s:
        return True
    return windows.noted_are_known and windows.noted_s(group) >= max(closed_s, 1)


def _makes_a_difference(
    rule: Rule,
    start_s: int,
    window: MergedWindow,
    group: Group,
    alert: Alert | None,
    windows: RuleWindows,
    newest_s: int,
) -> bool:
    """True if the late points of a period change what is known of the group."""
    if start_s < judged_from_s(rule, alert):
        return False
    found = evaluate_datapoint(rule, start_s, window.aggregate(group))
    if found is None:
        return False
    # What a muted alert told last is told to be over in the words of the datapoint that is the last then.
    if alert is not None and not alert.is_over:
        return found != next((item for item in alert.datapoints if item.start_s == start_s), None)
    if not found.verdict.is_healthy:
        return True
    # A group that was not known before: the periods after its first point may be without any.
    follows = windows.due_s is not None and start_s == windows.due_s - rule.period_s
    return silence_counts(rule) and start_s < newest_s and not follows


def evaluate_rule(
    rule: Rule,
    windows: RuleWindows,
    look: FirstLook,
    updates: dict[Group, AlertUpdate],
    interval_end_s: int,
    origin: Origin,
    muted_by: Callable[[Group], str],
    budget: MessageBudget,
) -> None:
    """Takes the interval into the updates of all groups that matter; those that are further than it stay.

    `muted_by` says what holds the alert of a group back with the interval; nothing where it is empty. Messages that the
    `budget` has no room for are held back; which these are, no client can choose.
    """
    newest_s = last_complete_period(interval_end_s, rule.period_s)
    groups: Iterable[Group] = dict.fromkeys((*look.due, *look.again))
    for group in sorted(groups, key=group_rank) if budget.cap else groups:
        update = updates.get(group)
        if update is None:
            update = AlertUpdate(None, Alert(rule.key, group))
        alert, told = update.alert, len(update.transitions)
        if alert.evaluated_to_s >= interval_end_s:
            continue
        if len(group) != len(rule.by):
            # Its rule had another `by` once: there is no such group any more.
            update.alert = replace(alert, evaluated_to_s=interval_end_s)
            continue
        found = look.due.get(group)
        datapoints = list(_again(rule, windows, update.alert, group)) if group in look.again else []
        if found is not None:
            datapoints.append(found)
        # Nothing is later than points of the period that is due.
        is_silent = found is None or not found.count
        if is_silent and _is_forgotten(rule, windows, look, update, datapoints, interval_end_s):
            reason = f"no data for {rule.forget_after_s} s; the group is forgotten"
            end_alert(update, reason, interval_end_s, origin, rule=rule, judged_from_s=interval_end_s)
            update.alert = replace(update.alert, evaluated_to_s=interval_end_s)
        else:
            muted = muted_by(group)
            decision = budget.decide(rule, update.alert, datapoints, newest_s, interval_end_s, muted_by=muted)
            update.apply(decision, rule, origin)
        if alert.is_settled and update.alert.is_settled and len(update.transitions) == told:
            # Its item would not be written, and the next execution would find it as it was.
            update.alert = alert
        if group not in updates and (update.transitions or not update.alert.is_settled):
            updates[group] = update


def _again(rule: Rule, windows: RuleWindows, alert: Alert, group: Group) -> Iterator[Datapoint]:
    """The datapoints of all periods that may still count.

    Before the group was heard of first, silence gives none, unless it is healthy.
    """
    begun_s = judged_from_s(rule, alert)
    first_s = _known_since_s(alert)
    known_on_time = not rule.by or alert.watched or silence_is_healthy(rule)
    known = known_on_time or windows.heard.get(group, -1) >= begun_s
    for start_s, window in sorted((windows.again or {}).items()):
        if start_s < begun_s:
            continue
        known_on_time = known_on_time or first_s <= start_s
        known = known or known_on_time
        aggregate = window.aggregate(group)
        if aggregate is not None or (known and not window.dropped):
            found = evaluate_datapoint(rule, start_s, aggregate, known=known, known_on_time=known_on_time)
            if found is not None:
                yield found
        known_on_time = known_on_time or group in window.groups
        known = known or group in window


def _known_since_s(alert: Alert) -> float:
    """The start of the first period that is remembered to have had a datapoint without points that came late."""
    return min(
        (item.start_s for item in alert.datapoints if item.without_late() is not None), default=math.inf
    )


def _heard_s(rule: Rule, windows: RuleWindows, alert: Alert, datapoints: Iterable[Datapoint]) -> int:
    """The start of the last period in which the group is known to have had data, or the last that is not judged."""
    first_s = -(-rule.in_force_since_s // rule.period_s) * rule.period_s
    heard = [alert.heard_s, first_s - rule.period_s, *(item.start_s for item in datapoints if item.count)]
    if windows.due_s is not None and alert.group in windows.before:
        heard.append(windows.due_s - rule.period_s)
    if windows.noted_are_known and alert.is_quiet:
        # A note has also those that were silent, if they had an alert; that says itself when they were heard.
        heard.append(windows.noted_s(alert.group))
    heard.append(windows.meanwhile.get(alert.group, 0))
    if windows.heard.get(alert.group, 0) >= judged_from_s(rule, alert):
        heard.append(windows.heard.get(alert.group, 0))
    if rule.ratio is not None or rule.statistic.follows_series:
        heard += _without_value(rule, windows, alert)
    return max(0, *heard)


def _without_value(rule: Rule, windows: RuleWindows, alert: Alert) -> Iterator[int]:
    """The starts of judged periods with points of the group, also of those that give no value and so no datapoint."""
    found = [(start_s, window) for start_s, (window, _) in windows.late.items()]
    if windows.due_s is not None:
        found.append((windows.due_s, windows.due))
    begun_s = judged_from_s(rule, alert)
    yield from (start_s for start_s, window in found if start_s >= begun_s and alert.group in window)


def _is_forgotten(
    rule: Rule,
    windows: RuleWindows,
    look: FirstLook,
    update: AlertUpdate,
    datapoints: Sequence[Datapoint],
    interval_end_s: int,
) -> bool:
    """True if the group had no point for so long that it is none any more; asked when a period ends.

    The update's alert knows when it was heard of last, as far as a decision does not make that of datapoints by itself.
    """
    heard_s, alert = _heard_s(rule, windows, update.alert, datapoints), update.alert
    if heard_s > max([alert.heard_s, *(item.start_s for item in datapoints if item.count)]):
        alert = update.alert = alert.changed(heard_s=heard_s)
    if not rule.by or windows.due_s is None or alert.is_quiet or not heard_s:
        return False
    silent_s = interval_end_s - (heard_s + rule.period_s)
    return silent_s >= rule.forget_after_s and not look.admission.is_unknown(alert.group)
