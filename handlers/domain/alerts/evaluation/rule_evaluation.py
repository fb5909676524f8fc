"""Evaluates one rule for all its groups: the datapoints that are due or came late, and what they change."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from handlers.domain.alerts.evaluation.datapoint import evaluate_datapoint
from handlers.domain.alerts.evaluation.evaluation_range import SILENCE_COUNTS, IntervalRange, due_period
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertUpdate
from handlers.domain.alerts.periods import Timing, last_complete_period
from handlers.domain.alerts.rules.reading import read_rule, rule_revision
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.alert import Alert, Datapoint
from handlers.domain.alerts.state.protocol import close, decide
from handlers.domain.alerts.windows.merging import MergedWindow

RULE_CHANGED = "the rule was changed"
RULE_DELETED = "the rule was deleted"

_EMPTY = MergedWindow()


@dataclass(frozen=True, slots=True)
class RuleWindows:
    """The windows of one rule by their start, and which of them changed after they were evaluated."""

    by_start: Mapping[int, MergedWindow]
    late: Set[int] = frozenset()

    def of(self, start_s: int) -> MergedWindow:
        """The window that starts then."""
        return self.by_start.get(start_s, _EMPTY)

    def first_late(self, group: Group) -> int | None:
        """The start of the first window that must be evaluated again for the group."""
        return min((start_s for start_s in self.late if group in self.of(start_s).groups), default=None)


def evaluate_rule(
    rule: Rule,
    windows: RuleWindows,
    alerts: Iterable[Alert],
    intervals: IntervalRange,
    timing: Timing,
    origin: Origin,
) -> list[AlertUpdate]:
    """The groups of a rule that changed in these intervals, given the alerts of all that are not healthy."""
    updates = {alert.group: AlertUpdate(alert, alert) for alert in alerts}
    revision = rule_revision(rule)
    for update in updates.values():
        if update.alert.rule_revision != revision:
            _close(update, RULE_CHANGED, intervals.first_s + timing.interval_s, origin)
    for interval_start_s in intervals.starts(timing):
        late = windows.late if interval_start_s == intervals.first_s else frozenset()
        due_s = due_period(rule, interval_start_s, timing)
        end_s = interval_start_s + timing.interval_s
        newest_s = last_complete_period(end_s, rule.period_s)
        for group in _groups(rule, windows, due_s, late, updates):
            datapoints = list(_datapoints(rule, windows, group, due_s, newest_s, again=bool(late)))
            if group not in updates:
                if all(item.verdict.is_healthy for item in datapoints):
                    continue
                updates[group] = AlertUpdate(None, Alert(rule.key, group))
            update = updates[group]
            update.apply(decide(rule, update.alert, datapoints, newest_s, end_s), rule, origin)
    return [update for update in updates.values() if update.must_be_written]


def close_alert(alert: Alert, reason: str, at_s: int, origin: Origin) -> AlertUpdate:
    """Resolves an alert whose rule is gone or is another one now."""
    update = AlertUpdate(alert, alert)
    _close(update, reason, at_s, origin)
    return update


def _close(update: AlertUpdate, reason: str, at_s: int, origin: Origin) -> None:
    was = read_rule(update.alert.rule)
    decision = close(update.alert, reason, at_s, notify_on_resolve=was.notify_on_resolve)
    update.apply(decision, was, origin)


def _groups(
    rule: Rule, windows: RuleWindows, due_s: int | None, late: Set[int], updates: Mapping[Group, AlertUpdate]
) -> list[Group]:
    groups = dict.fromkeys(updates)
    if due_s is not None:
        groups.update(dict.fromkeys(windows.of(due_s).groups))
        if rule.missing_data in SILENCE_COUNTS:
            groups.update(dict.fromkeys(windows.of(due_s - rule.period_s).groups))
            if not rule.by:
                groups[()] = None
    for start_s in late:
        groups.update(dict.fromkeys(windows.of(start_s).groups))
    return list(groups)


def _datapoints(
    rule: Rule, windows: RuleWindows, group: Group, due_s: int | None, newest_s: int, *, again: bool
) -> Iterator[Datapoint]:
    first_late_s = windows.first_late(group) if again else None
    starts: Iterable[int] = () if due_s is None else (due_s,)
    if first_late_s is not None:
        starts = range(first_late_s, newest_s + 1, rule.period_s)
    for start_s in starts:
        datapoint = evaluate_datapoint(rule, start_s, windows.of(start_s), group)
        if datapoint is not None:
            yield datapoint
