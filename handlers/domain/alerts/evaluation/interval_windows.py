"""The windows that the rules of a chunk are judged by in one interval, read and merged."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from handlers.domain.alerts.evaluation.chunks import WEIGHT_PER_CHUNK
from handlers.domain.alerts.evaluation.evaluation_range import (
    IntervalItems,
    due_period,
    late_groups,
    oldest_period,
    periods_again,
)
from handlers.domain.alerts.evaluation.groups_before import GroupsBefore
from handlers.domain.alerts.evaluation.rule_evaluation import FirstLook, RuleWindows
from handlers.domain.alerts.evaluation.wanted_windows import (
    LateGroups,
    WantedWindows,
    groups_before_count,
    window_of,
)
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.verdicts import silence_counts
from handlers.domain.alerts.windows.aggregation import Window
from handlers.domain.alerts.windows.merging import MergedWindows, merge_windows


@dataclass(frozen=True)
class IntervalWindows:
    """The windows of one interval, merged for some rules: those that are due, and the late ones."""

    interval_start_s: int
    timing: Timing
    items: IntervalItems
    before: GroupsBefore
    due: Mapping[str, int | None]
    late: LateGroups
    merged: MergedWindows

    @classmethod
    def merge(
        cls,
        rules: Sequence[Rule],
        interval_start_s: int,
        timing: Timing,
        items: IntervalItems,
        before: GroupsBefore,
        go_on: Callable[[], object],
    ) -> "IntervalWindows":
        """The windows of these rules in the interval that starts then; `go_on` may raise where it takes too long."""
        due = {rule.key: due_period(rule, interval_start_s, timing) for rule in rules}
        wanted = WantedWindows(timing)
        for rule in rules:
            wanted.add_due(rule, due[rule.key])
        first_s = wanted.first_s(interval_start_s)
        known = items.known(interval_start_s, first_s)
        late = late_groups(known, rules, interval_start_s, timing)
        wanted.add_late(rules, late, interval_start_s)
        earliest_s = wanted.first_s(first_s)
        if earliest_s < first_s:
            known = items.known(interval_start_s, earliest_s)
        merged = merge_windows(known, wanted.windows, go_on)
        return cls(interval_start_s, timing, items, before, due, late, merged)

    def of(self, rule: Rule) -> RuleWindows:
        """The windows of one of the rules."""
        due_s = self.due[rule.key]
        windows = RuleWindows(due_s)
        if due_s is not None:
            windows.due = window_of(rule, self.merged, due_s)
            if groups_before_count(rule, due_s):
                windows.before = self.merged[Window(rule.selection.selection_id, due_s - rule.period_s)]
            self.before.add_to(windows, rule, due_s)
        self._add_late(rule, windows)
        return windows

    def merge_again(
        self, rules: Iterable[Rule], looks: Mapping[str, tuple[RuleWindows, FirstLook]]
    ) -> MergedWindows:
        """All periods that may still count, of the groups whose late points make a difference."""
        wanted = WantedWindows(self.timing)
        room = WEIGHT_PER_CHUNK
        for rule in rules:
            windows, look = looks[rule.key]
            starts = self.periods_again(rule, windows)
            room -= len(look.again) * len(starts) * rule.period_s // self.timing.interval_s
            if room < 0:
                # More late groups than can be looked up again: of these, the late periods alone.
                windows.again = {start_s: window for start_s, (window, _) in windows.late.items()}
                continue
            for start_s in starts if look.again else ():
                wanted.add_values(rule, start_s, look.again)
        if not wanted.windows:
            return {}
        first_s = wanted.first_s(self.interval_start_s)
        return merge_windows(self.items.known(self.interval_start_s, first_s), wanted.windows)

    def periods_again(self, rule: Rule, windows: RuleWindows) -> Sequence[int]:
        """The starts of the periods that may still count: not of those that ended while no interval was evaluated."""
        return [
            start_s
            for start_s in periods_again(rule, self.interval_start_s, self.timing)
            if start_s in windows.late
            or not self.before.left_s < start_s + rule.period_s <= self.before.begun_s
        ]

    def _add_late(self, rule: Rule, windows: RuleWindows) -> None:
        oldest_s = oldest_period(rule, self.interval_start_s, self.timing)
        ids = {selection.selection_id for selection in rule.asked}
        for window, groups in self.late.items():
            if window.selection_id not in ids:
                continue
            if window.start_s >= oldest_s:
                _, known = windows.late.get(window.start_s, (None, frozenset[Group]()))
                found = window_of(rule, self.merged, window.start_s)
                # Of a ratio, late points of the numerator matter where there are some of the denominator.
                windows.late[window.start_s] = found, known | (groups & found.names)
            elif window.selection_id != rule.selection.selection_id:
                continue
            elif silence_counts(rule) and window.start_s >= rule.in_force_since_s:
                for group in groups:
                    windows.heard[group] = max(window.start_s, windows.heard.get(group, 0))
