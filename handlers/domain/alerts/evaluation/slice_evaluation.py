"""Evaluates a chunk's rules in one interval after the other: what is read for each, and what is known after it."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from handlers.domain.alerts.evaluation.chunks import WEIGHT_PER_CHUNK
from handlers.domain.alerts.evaluation.datapoint import has_base
from handlers.domain.alerts.evaluation.endings import end_alerts_of_others
from handlers.domain.alerts.evaluation.evaluation_range import (
    IntervalItems,
    due_period,
    late_groups,
    oldest_period,
    periods_again,
)
from handlers.domain.alerts.evaluation.inhibition import inhibited
from handlers.domain.alerts.evaluation.rule_evaluation import (
    FirstLook,
    RuleWindows,
    evaluate_rule,
    first_look,
)
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts, AlertUpdate, StoredAlert
from handlers.domain.alerts.periods import HOUR_S, Timing, last_complete_period
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group, Selection, group_key
from handlers.domain.alerts.rules.statistic import Part
from handlers.domain.alerts.silences.silence import SilenceSet
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.protocol import silence_counts
from handlers.domain.alerts.windows.aggregation import Window
from handlers.domain.alerts.windows.known_groups import KnownGroups, groups_id
from handlers.domain.alerts.windows.merging import MergedWindow, MergedWindows, Wanted, merge_windows
from handlers.domain.alerts.windows.statistic_set import NOTHING_MORE
from handlers.domain.alerts.windows.window_items import Windows
from handlers.domain.collection import paused_collection

# The rules of an interval have at least so many seconds once its windows are merged, however late the slice is.
LEAST_S = 5.0

LateGroups = Mapping[Window, Set[Group]]


@dataclass(slots=True)
class RuleAlerts:
    """The alerts of one rule in an execution: as their items were, and what the intervals made of them."""

    stored: dict[Group, StoredAlert] = field(default_factory=dict)
    updates: dict[Group, AlertUpdate] = field(default_factory=dict)

    def add(self, found: Iterable[StoredAlert]) -> None:
        """Takes items that were read."""
        for item in found:
            self.stored[item.alert.group] = item
            self.updates[item.alert.group] = AlertUpdate(item.alert, item.alert)

    @property
    def muted(self) -> int:
        """The number of alerts of which something is held back."""
        return sum(update.alert.muted is not None for update in self.updates.values())


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
    groups: int = 0
    notes: dict[str, KnownGroups] = field(default_factory=dict)
    _noted: dict[str, KnownGroups] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._items = IntervalItems(self.windows, self.timing)

    def evaluate_until(self, starts: range, until_s: float) -> range:
        """Evaluates intervals in their order until the stopwatch comes to `until_s`; those that it evaluated.

        Of the last one the `rest` of the rules is left, if it takes longer. So there is time to write what tens of
        thousands of alerts became that fire at once.
        """
        for number, start_s in enumerate(starts, start=1):
            self.evaluate(start_s, max(until_s - self.stopwatch(), LEAST_S))
            if self.rest or self.stopwatch() >= until_s:
                return starts[:number]
        return starts

    def evaluate_again(self, starts: range, rest: str) -> None:
        """Evaluates intervals of which the rules from `rest` on were left in the last one."""
        for start_s in starts:
            if rest and start_s == starts[-1]:
                self._leave_behind(sum(rule.key < rest for rule in self.rules))
            self.evaluate(start_s)

    @paused_collection()
    def evaluate(self, interval_start_s: int, room_s: float = math.inf) -> None:
        """Takes the next interval into the updates of all alerts.

        If that takes longer than `room_s`, once its windows are merged, the `rest` of the rules is left: they are
        evaluated later, from the same windows. Half of it is for a first look at them; at least one is evaluated.
        """
        due = {rule.key: due_period(rule, interval_start_s, self.timing) for rule in self._every_rule()}
        wanted = self._wanted(due)
        first_s = min((window.start_s for window in wanted), default=interval_start_s)
        items = self._items.known(interval_start_s, first_s)
        late = late_groups(items, self._every_rule(), interval_start_s, self.timing)
        self._want_late(wanted, late, interval_start_s)
        earliest_s = min((window.start_s for window in wanted), default=first_s)
        if earliest_s < first_s:
            items = self._items.known(interval_start_s, earliest_s)
        merged = merge_windows(items, wanted)
        begun_s = self.stopwatch()
        looks: dict[str, tuple[RuleWindows, FirstLook]] = {}

        def look_at(rule: Rule) -> None:
            windows = self._rule_windows(rule, due[rule.key], merged)
            self._add_late(rule, windows, merged, late, interval_start_s)
            looks[rule.key] = windows, self._look(rule, windows, interval_start_s)

        for rule in self.ahead:
            look_at(rule)
        for number, rule in enumerate(self.rules, start=1):
            if rule.key not in looks:
                look_at(rule)
            if self.stopwatch() >= begun_s + room_s / 2:
                self._leave_behind(number)
                break
        again = self._merge_again(looks, interval_start_s)
        self._decide(looks, again, interval_start_s, begun_s + room_s)
        self._note(looks, interval_start_s + self.timing.interval_s)
        self._items.drop_before(interval_start_s)

    def _decide(
        self,
        looks: Mapping[str, tuple[RuleWindows, FirstLook]],
        again: MergedWindows,
        interval_start_s: int,
        until_s: float,
    ) -> None:
        """Takes the interval into the updates of the rules, first of those that others name."""
        end_s = interval_start_s + self.timing.interval_s
        self.groups = 0
        first = {rule.key for rule in self.ahead}

        def decide(rule: Rule) -> None:
            windows, look = looks[rule.key]
            if look.again and windows.again is None:
                starts = self._periods_again(rule, windows, interval_start_s)
                windows.again = {start_s: _window_of(rule, again, start_s) for start_s in starts}
            updates = self.known[rule.key].updates
            evaluate_rule(rule, windows, look, updates, end_s, self.origin, self._muted_by(rule, end_s))

        for rule in self.ahead:
            decide(rule)
        for number, rule in enumerate(self.rules, start=1):
            if rule.key not in first:
                decide(rule)
            self._count(rule, *looks[rule.key])
            if self.stopwatch() >= until_s:
                self._leave_behind(number)
                break

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
        yield from (alert for alert in self.past.get(rule.key, ()) if alert.group not in updates)

    def _wanted(self, due: Mapping[str, int | None]) -> dict[Window, Wanted]:
        """The windows of the periods that are due, and the groups of those before them where silence counts."""
        wanted: dict[Window, Wanted] = {}
        for rule in self._every_rule():
            start_s = due[rule.key]
            if start_s is not None:
                self._want_values(wanted, rule, start_s)
                if self._before_counts(rule, start_s):
                    self._want(wanted, rule, start_s - rule.period_s, rule.selection, names=True)
        return wanted

    def _want_late(self, wanted: dict[Window, Wanted], late: LateGroups, interval_start_s: int) -> None:
        """The late groups of periods that may still count for a rule."""
        by_id: dict[str, list[Rule]] = defaultdict(list)
        for rule in self._every_rule():
            for selection in rule.asked:
                by_id[selection.selection_id].append(rule)
        for window, groups in late.items():
            for rule in by_id[window.selection_id]:
                if window.start_s >= oldest_period(rule, interval_start_s, self.timing):
                    self._want_values(wanted, rule, window.start_s, groups)

    def _want_values(
        self, wanted: dict[Window, Wanted], rule: Rule, start_s: int, groups: Set[Group] | None = None
    ) -> None:
        """The windows that the statistic takes: of a ratio's numerator too, and those that counters go on from."""
        for selection, parts in rule.asked.items():
            before_s = None
            if Part.COUNTERS in parts and has_base(rule, start_s):
                before_s = start_s - rule.period_s
                self._want(wanted, rule, before_s, selection, parts=parts, groups=groups)
            self._want(wanted, rule, start_s, selection, parts=parts, groups=groups, before_s=before_s)

    def _want(
        self,
        wanted: dict[Window, Wanted],
        rule: Rule,
        start_s: int,
        selection: Selection,
        *,
        names: bool = False,
        parts: Set[Part] | None = None,
        groups: Set[Group] | None = None,
        before_s: int | None = None,
    ) -> None:
        window = Window(selection.selection_id, start_s)
        ready_s = self.timing.late_after(start_s + rule.period_s)
        wish = Wanted(ready_s, names, parts is not None, parts or NOTHING_MORE, groups, before_s)
        wanted[window] = wanted[window] | wish if window in wanted else wish

    def _before_counts(self, rule: Rule, due_s: int) -> bool:
        """True if groups that were heard of in the period before are known, so that their silence counts."""
        return silence_counts(rule) and due_s - rule.period_s >= rule.groups_since_s

    def _add_late(
        self,
        rule: Rule,
        windows: RuleWindows,
        merged: MergedWindows,
        late: LateGroups,
        interval_start_s: int,
    ) -> None:
        oldest_s = oldest_period(rule, interval_start_s, self.timing)
        ids = {selection.selection_id for selection in rule.asked}
        for window, groups in late.items():
            if window.selection_id not in ids:
                continue
            if window.start_s >= oldest_s:
                _, known = windows.late.get(window.start_s, (None, frozenset[Group]()))
                found = _window_of(rule, merged, window.start_s)
                # Of a ratio, late points of the numerator matter where there are some of the denominator.
                windows.late[window.start_s] = found, known | (groups & found.names)
            elif window.selection_id != rule.selection.selection_id:
                continue
            elif silence_counts(rule) and window.start_s >= rule.in_force_since_s:
                for group in groups:
                    windows.heard[group] = max(window.start_s, windows.heard.get(group, 0))

    def _rule_windows(self, rule: Rule, due_s: int | None, merged: MergedWindows) -> RuleWindows:
        selection_id = rule.selection.selection_id
        windows = RuleWindows(due_s)
        if due_s is None:
            return windows
        windows.due = _window_of(rule, merged, due_s)
        if self._before_counts(rule, due_s):
            windows.before = merged[Window(selection_id, due_s - rule.period_s)]
        windows.noted_are_known = self._noted_count(rule, due_s)
        if windows.noted_are_known or self._is_over_cap(rule, windows):
            note = self._known_groups(groups_id(rule.selection))
            windows.noted = (note,)
            if not silence_counts(rule) and not note.left_out:
                # The groups of the period before come first when a rule passes its cap.
                windows.before = self._names(rule, due_s - rule.period_s, due_s + rule.period_s)
        if windows.noted_are_known and self.left_s and self._follows_a_gap(due_s):
            start_s = last_complete_period(self.left_s, rule.period_s)
            if start_s >= rule.groups_since_s:
                heard = self._names(rule, start_s, self.left_s)
                windows.noted += (KnownGroups(frozenset(heard.names), start_s),)
        windows.meanwhile = self._heard_meanwhile(rule, windows, due_s)
        windows.forgotten_s = due_s - rule.forget_after_s + 1
        # The rule may have asked for others, and a note may be of an execution that is further.
        windows.noted = tuple(note for note in windows.noted if rule.groups_since_s <= note.since_s < due_s)
        return windows

    def _heard_meanwhile(self, rule: Rule, windows: RuleWindows, due_s: int) -> Mapping[Group, int]:
        """The silent groups that were heard of while no interval was evaluated, with the last such period of each.

        Looked up when the first period ends that is evaluated again, and for very many groups less far back.
        """
        if not rule.by or not self.left_s or not self._follows_a_gap(due_s):
            return {}
        opened = self.known[rule.key].updates.items()
        groups = {group for group, update in opened if not update.alert.is_quiet}
        if windows.noted_are_known:
            groups = groups.union(*(note.groups for note in windows.noted))
        groups -= windows.due.names
        if not groups:
            return {}
        room_s = WEIGHT_PER_CHUNK // len(groups) * self.timing.interval_s
        first_s = max(self.left_s - self.timing.allowed_lateness_s, due_s - room_s, rule.groups_since_s)
        starts = range(-(-first_s // rule.period_s) * rule.period_s, due_s, rule.period_s)
        wanted: dict[Window, Wanted] = {}
        for start_s in starts:
            self._want(wanted, rule, start_s, rule.selection, parts=NOTHING_MORE, groups=groups)
        items = self._items.known(due_s + rule.period_s - self.timing.interval_s, first_s)
        merged = merge_windows(items, wanted)
        return {group: window.start_s for window, found in sorted(merged.items()) for group in found.names}

    def _periods_again(self, rule: Rule, windows: RuleWindows, interval_start_s: int) -> Sequence[int]:
        """The starts of the periods that may still count: not of those that ended while no interval was evaluated."""
        return [
            start_s
            for start_s in periods_again(rule, interval_start_s, self.timing)
            if start_s in windows.late or not self.left_s < start_s + rule.period_s <= self.begun_s
        ]

    def _names(self, rule: Rule, start_s: int, until_s: int) -> MergedWindow:
        """The names of a period's groups, as they were known when the interval that ended then was ready."""
        wanted: dict[Window, Wanted] = {}
        self._want(wanted, rule, start_s, rule.selection, names=True)
        [window] = merge_windows(
            self._items.known(until_s - self.timing.interval_s, start_s), wanted
        ).values()
        return window

    def _noted_count(self, rule: Rule, due_s: int) -> bool:
        """True if a group may have fallen silent before, unnoticed: after an outage, or by another condition."""
        changed = (
            rule.groups_since_s < rule.in_force_since_s and due_s - rule.period_s < rule.in_force_since_s
        )
        return silence_counts(rule) and (self._follows_a_gap(due_s) or changed)

    def _follows_a_gap(self, due_s: int) -> bool:
        """True if the period before the one that is due was not evaluated."""
        return due_s - self.timing.interval_s < self.begun_s

    def _is_over_cap(self, rule: Rule, windows: RuleWindows) -> bool:
        most = len(windows.due.names) + len(windows.before.names) + len(self.known[rule.key].updates)
        return windows.due.dropped > 0 or most > self.group_cap

    def _known_groups(self, name: str) -> KnownGroups:
        if name not in self._noted:
            self._noted[name] = self.windows.known_groups(name)
        return self.notes.get(name, self._noted[name])

    def _look(self, rule: Rule, windows: RuleWindows, interval_start_s: int) -> FirstLook:
        """The first look; groups that become unhealthy may have an item from before, and are looked at again."""
        known = self.known[rule.key]
        end_s = interval_start_s + self.timing.interval_s
        newest_s = last_complete_period(end_s, rule.period_s)
        while True:
            end_alerts_of_others(rule, known.updates.values(), end_s, self.origin)
            alerts = {group: update.alert for group, update in known.updates.items()}
            look = first_look(rule, windows, alerts, newest_s, self.group_cap)
            new = [AlertKey(rule.key, group_key(group)) for group in look.groups if group not in alerts]
            found = self.alerts.load(new) if new else []
            if not found:
                return look
            known.add(found)

    def _merge_again(
        self, looks: Mapping[str, tuple[RuleWindows, FirstLook]], interval_start_s: int
    ) -> MergedWindows:
        """All periods that may still count, of the groups whose late points make a difference."""
        wanted: dict[Window, Wanted] = {}
        room = WEIGHT_PER_CHUNK
        for rule in self._every_rule():
            windows, look = looks[rule.key]
            starts = self._periods_again(rule, windows, interval_start_s)
            room -= len(look.again) * len(starts) * rule.period_s // self.timing.interval_s
            if room < 0:
                # More late groups than can be looked up again: of these, the late periods alone.
                windows.again = {start_s: window for start_s, (window, _) in windows.late.items()}
                continue
            for start_s in starts if look.again else ():
                self._want_values(wanted, rule, start_s, look.again)
        if not wanted:
            return {}
        first_s = min(window.start_s for window in wanted)
        return merge_windows(self._items.known(interval_start_s, first_s), wanted)

    def _count(self, rule: Rule, windows: RuleWindows, look: FirstLook) -> None:
        self.groups += len(windows.due.names)
        if look.admission.is_over:
            self.left_out[rule.key] = max(self.left_out.get(rule.key, 0), look.admission.left_out)

    def _note(self, looks: Mapping[str, tuple[RuleWindows, FirstLook]], end_s: int) -> None:
        """Notes the groups that are known, each hour and when a rule passes its cap."""
        found: dict[str, list[tuple[Rule, RuleWindows, FirstLook]]] = defaultdict(list)
        for rule in self.rules:
            windows, look = looks[rule.key]
            if windows.due_s is not None and rule.by:
                passes = look.admission.is_over and not any(note.left_out for note in windows.noted)
                if passes or end_s // HOUR_S > windows.due_s // HOUR_S:
                    found[groups_id(rule.selection)].append((rule, windows, look))
        for name, entries in found.items():
            groups: set[Group] = set()
            for rule, windows, look in entries:
                groups |= {
                    group for group, item in self.known[rule.key].updates.items() if not item.alert.is_quiet
                }
                groups |= {group for group in windows.due.names if look.admission.was_known(group)}
            since_s = min(windows.due_s or 0 for _, windows, _ in entries)
            left_out = max(look.admission.left_out for _, _, look in entries)
            self.notes[name] = KnownGroups(frozenset(groups), since_s, left_out)


def _window_of(rule: Rule, merged: MergedWindows, start_s: int) -> MergedWindow:
    """The window of the rule's period that starts then, of a ratio that of the denominator with the numerator's."""
    window = merged[Window(rule.selection.selection_id, start_s)]
    if rule.numerator is None:
        return window
    return replace(window, numerator=merged[Window(rule.numerator.selection_id, start_s)])
