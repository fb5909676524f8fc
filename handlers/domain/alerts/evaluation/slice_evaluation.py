"""Evaluates a chunk's rules in one interval after the other, and leaves what it has no time for."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from handlers.domain.alerts.evaluation.capacity import MERGING_S
from handlers.domain.alerts.evaluation.endings import end_alerts_of_others
from handlers.domain.alerts.evaluation.evaluation_range import IntervalItems
from handlers.domain.alerts.evaluation.groups_before import GroupsBefore
from handlers.domain.alerts.evaluation.hour_summary import has_something_to_tell, sum_up
from handlers.domain.alerts.evaluation.inhibition import inhibited
from handlers.domain.alerts.evaluation.interval_windows import IntervalWindows
from handlers.domain.alerts.evaluation.rule_alerts import RuleAlerts
from handlers.domain.alerts.evaluation.rule_evaluation import (
    FirstLook,
    RuleWindows,
    evaluate_rule,
    first_look,
)
from handlers.domain.alerts.evaluation.wanted_windows import window_of
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts, AlertUpdate
from handlers.domain.alerts.periods import HOUR_S, Timing, last_complete_period
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group, group_key
from handlers.domain.alerts.silences.silence import SilenceSet
from handlers.domain.alerts.state.alert import SUMMARY_GROUP, Alert
from handlers.domain.alerts.state.message_cap import MessageBudget
from handlers.domain.alerts.windows.explosion import Explosion
from handlers.domain.alerts.windows.known_groups import KnownGroups
from handlers.domain.alerts.windows.merging import MergedWindows
from handlers.domain.alerts.windows.window_items import Windows
from handlers.domain.collection import paused_collection

# The rules of an interval have at least so many seconds once its windows are merged, however late the slice is.
LEAST_S = 5.0

# The windows of each rule, and what the first look at them found, by the rules' keys.
_Looks = Mapping[str, tuple[RuleWindows, FirstLook]]


class MergingTooLongError(Exception):
    """The windows of an interval take longer to merge than there is time."""


@dataclass
class SliceEvaluation:
    """The intervals of a chunk, evaluated one after the other; nothing is written."""

    rules: Sequence[Rule]
    windows: Windows
    alerts: Alerts
    timing: Timing
    origin: Origin
    group_cap: int
    begun_s: int
    left_s: int
    known: Mapping[str, RuleAlerts]
    silences: SilenceSet
    # Rules that others name in `unless`; those of them that are evaluated here, before the others, whether they are
    # among the rules or of another chunk; and alerts of theirs that are not among the known, by the rules' keys.
    inhibitors: Sequence[Rule] = ()
    ahead: Sequence[Rule] = ()
    past: Mapping[str, Sequence[Alert]] = field(default_factory=dict)
    stopwatch: Callable[[], float] = time.monotonic
    # The key of the first rule that the last interval was not evaluated for; empty if it was for all.
    rest: str = ""
    left_out: dict[str, int] = field(default_factory=dict)
    exploded: dict[str, Explosion] = field(default_factory=dict)
    groups: int = 0

    def __post_init__(self) -> None:
        self._items = IntervalItems(self.windows, self.timing)
        gap = self.begun_s, self.left_s
        self._before = GroupsBefore(self._items, self.windows, self.timing, self.group_cap, *gap, self.known)

    @property
    def notes(self) -> Mapping[str, KnownGroups]:
        """The groups that are known after the intervals, to be noted."""
        return self._before.notes

    def evaluate_until(self, starts: range, until_s: float) -> range:
        """Evaluates intervals in their order until the stopwatch comes to `until_s`; those that it evaluated.

        Of the last one the `rest` of the rules is left, if it takes longer. So there is time to write what tens of
        thousands of alerts became that fire at once. `MergingTooLongError` if there was no time for the first one's
        windows.
        """
        begun_s = self.stopwatch()
        for number, start_s in enumerate(starts, start=1):
            now_s = self.stopwatch()
            try:
                self.evaluate(start_s, max(until_s - now_s, LEAST_S), MERGING_S - (now_s - begun_s))
            except MergingTooLongError:
                if number == 1:
                    raise
                # With all of its time, another call may.
                return starts[: number - 1]
            if self.rest or self.stopwatch() >= until_s or self._ends_an_hour(start_s):
                return starts[:number]
        return starts

    def _ends_an_hour(self, interval_start_s: int) -> bool:
        """True if it ends an hour whose messages may be summed up: that is written before the next one begins."""
        is_end = (interval_start_s + self.timing.interval_s) % HOUR_S == 0
        return is_end and any(rule.messages_per_hour for rule in self.rules)

    def evaluate_again(self, starts: range, rest: str) -> None:
        """Evaluates intervals of which the rules from `rest` on were left in the last one."""
        for start_s in starts:
            if rest and start_s == starts[-1]:
                self._leave_behind(sum(rule.key < rest for rule in self.rules))
            self.evaluate(start_s)

    @paused_collection()
    def evaluate(self, interval_start_s: int, room_s: float = math.inf, merging_s: float = math.inf) -> None:
        """Takes the next interval into the updates of all alerts.

        If that takes longer than `room_s`, once its windows are merged, the `rest` of the rules is left: they are
        evaluated later, from the same windows. Half of it is for a first look at them; at least one is evaluated.
        `MergingTooLongError` if the windows are not merged in `merging_s`.
        """
        every = self._every_rule()
        merged = IntervalWindows.merge(
            every, interval_start_s, self.timing, self._items, self._before, self._within(merging_s)
        )
        begun_s = self.stopwatch()
        looks: dict[str, tuple[RuleWindows, FirstLook]] = {}

        def look_at(rule: Rule) -> None:
            windows = merged.of(rule)
            looks[rule.key] = windows, self._look(rule, windows, interval_start_s)

        for rule in self.ahead:
            look_at(rule)
        for number, rule in enumerate(self.rules, start=1):
            if rule.key not in looks:
                look_at(rule)
            if self.stopwatch() >= begun_s + room_s / 2:
                self._leave_behind(number)
                break
        again = merged.merge_again(self._every_rule(), looks)
        self._decide(looks, merged, again, begun_s + room_s)
        self._before.note(self.rules, looks, interval_start_s + self.timing.interval_s)
        self._items.drop_before(interval_start_s)

    def _decide(self, looks: _Looks, merged: IntervalWindows, again: MergedWindows, until_s: float) -> None:
        """Takes the interval into the updates of the rules, first of those that others name."""
        end_s = merged.interval_start_s + self.timing.interval_s
        self.groups = 0
        first = {rule.key for rule in self.ahead}

        def decide(rule: Rule) -> None:
            windows, look = looks[rule.key]
            if look.again and windows.again is None:
                starts = merged.periods_again(rule, windows)
                windows.again = {start_s: window_of(rule, again, start_s) for start_s in starts}
            updates, muted_by = self.known[rule.key].updates, self._muted_by(rule, end_s)
            budget = MessageBudget.of(rule, self._alerts_of(rule), end_s)
            evaluate_rule(rule, windows, look, updates, end_s, self.origin, muted_by, budget)
            if not muted_by(SUMMARY_GROUP):
                self._sum_up(rule, end_s)

        for rule in self.ahead:
            decide(rule)
        for number, rule in enumerate(self.rules, start=1):
            if rule.key not in first:
                decide(rule)
            self._count(rule, *looks[rule.key])
            if self.stopwatch() >= until_s:
                self._leave_behind(number)
                break

    def _within(self, seconds: float) -> Callable[[], None]:
        """An action that raises if it is called so long after its first time."""
        until_s = math.inf

        def go_on() -> None:
            nonlocal until_s
            now_s = self.stopwatch()
            if now_s > until_s:
                raise MergingTooLongError
            until_s = min(until_s, now_s + seconds)

        return go_on

    def _every_rule(self) -> list[Rule]:
        """The rules, and before them those that are named by others."""
        first = {rule.key for rule in self.ahead}
        return [*self.ahead, *(rule for rule in self.rules if rule.key not in first)]

    def _leave_behind(self, number: int) -> None:
        """Leaves the rules behind the first ones."""
        if number < len(self.rules):
            self.rest, self.rules = self.rules[number].key, self.rules[:number]

    def _muted_by(self, rule: Rule, end_s: int) -> Callable[[Group], str]:
        """The answer to what holds a group's alert back with the interval that ends then."""
        holding = self.silences.holding(rule, end_s)
        if not holding and not rule.unless:
            return lambda _: ""
        is_inhibited = inhibited(rule, self.inhibitors, self._alerts_of, end_s)

        def muted_by(group: Group) -> str:
            for item in holding:
                if item.matcher.matches(rule, group):
                    return item.name
            return f"rule {rule.unless}" if is_inhibited(group) else ""

        return muted_by

    def _alerts_of(self, rule: Rule) -> Iterator[Alert]:
        """The alerts of a rule as the interval has left them, if it is evaluated here, else as they are known."""
        updates = self.known[rule.key].updates if rule.key in self.known else {}
        yield from (update.alert for update in updates.values())
        yield from (
            alert
            for alert in self.past.get(rule.key, ())
            if alert.group not in updates and not alert.is_summary
        )

    def _sum_up(self, rule: Rule, end_s: int) -> None:
        """Takes the interval into what is told of the messages that the rule's cap held back."""
        known, alerts = self.known[rule.key], list(self._alerts_of(rule))
        if known.summary is None:
            if not has_something_to_tell(rule, alerts, end_s):
                return
            known.add(self.alerts.load([AlertKey(rule.key, group_key(SUMMARY_GROUP))]))
            known.summary = known.summary or AlertUpdate(None, Alert(rule.key, SUMMARY_GROUP))
        sum_up(rule, known.summary, alerts, end_s, self.origin)

    def _look(self, rule: Rule, windows: RuleWindows, interval_start_s: int) -> FirstLook:
        """The first look; groups that become unhealthy may have an item from before, and are looked at again."""
        known = self.known[rule.key]
        end_s = interval_start_s + self.timing.interval_s
        newest_s = last_complete_period(end_s, rule.period_s)
        while True:
            end_alerts_of_others(rule, known.every_update, end_s, self.origin)
            alerts = {group: update.alert for group, update in known.updates.items()}
            look = first_look(rule, windows, alerts, newest_s, self.group_cap)
            new = [AlertKey(rule.key, group_key(group)) for group in look.groups if group not in alerts]
            found = self.alerts.load(new) if new else []
            if not found:
                return look
            known.add(found)

    def _count(self, rule: Rule, windows: RuleWindows, look: FirstLook) -> None:
        self.groups += len(windows.due.names)
        if look.admission.is_over:
            self.left_out[rule.key] = max(self.left_out.get(rule.key, 0), look.admission.left_out)
            if look.admission.explosion is not None:
                self.exploded[rule.key] = look.admission.explosion
