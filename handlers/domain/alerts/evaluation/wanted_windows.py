"""The windows that rules are judged by: those that are due, the ones before them, and late ones."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from handlers.domain.alerts.evaluation.datapoint import has_base
from handlers.domain.alerts.evaluation.evaluation_range import oldest_period
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group, Selection
from handlers.domain.alerts.rules.statistic import Part
from handlers.domain.alerts.state.verdicts import silence_counts
from handlers.domain.alerts.windows.aggregation import Window
from handlers.domain.alerts.windows.merging import MergedWindow, MergedWindows, Wanted
from handlers.domain.alerts.windows.statistic_set import NOTHING_MORE

LateGroups = Mapping[Window, Set[Group]]


class WantedWindows:
    """The wanted windows of some rules, each with the parts that one of them needs."""

    def __init__(self, timing: Timing) -> None:
        self.windows: dict[Window, Wanted] = {}
        self._timing = timing

    def first_s(self, default_s: int) -> int:
        """The start of the first window; the default where there is none."""
        return min((window.start_s for window in self.windows), default=default_s)

    def add_due(self, rule: Rule, due_s: int | None) -> None:
        """Wants the period that is due, and the groups of the one before it where silence counts."""
        if due_s is not None:
            self.add_values(rule, due_s)
            if groups_before_count(rule, due_s):
                self.add_names(rule, due_s - rule.period_s)

    def add_late(self, rules: Iterable[Rule], late: LateGroups, interval_start_s: int) -> None:
        """Wants the late groups of periods that may still count for a rule."""
        by_id: dict[str, list[Rule]] = defaultdict(list)
        for rule in rules:
            for selection in rule.asked:
                by_id[selection.selection_id].append(rule)
        for window, groups in late.items():
            for rule in by_id[window.selection_id]:
                if window.start_s >= oldest_period(rule, interval_start_s, self._timing):
                    self.add_values(rule, window.start_s, groups)

    def add_values(self, rule: Rule, start_s: int, groups: Set[Group] | None = None) -> None:
        """Wants what the statistic takes: of a ratio's numerator too, and the windows that counters go on from."""
        for selection, parts in rule.asked.items():
            before_s = None
            if Part.COUNTERS in parts and has_base(rule, start_s):
                before_s = start_s - rule.period_s
                self._add(rule, before_s, selection, parts=parts, groups=groups)
            self._add(rule, start_s, selection, parts=parts, groups=groups, before_s=before_s)

    def add_names(self, rule: Rule, start_s: int) -> None:
        """Wants the names of all groups of a period."""
        self._add(rule, start_s, rule.selection, names=True)

    def add_counts(self, rule: Rule, start_s: int, groups: Set[Group]) -> None:
        """Wants the numbers of points of some groups of a period."""
        self._add(rule, start_s, rule.selection, parts=NOTHING_MORE, groups=groups)

    def _add(
        self,
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
        ready_s = self._timing.late_after(start_s + rule.period_s)
        wish = Wanted(ready_s, names, parts is not None, parts or NOTHING_MORE, groups, before_s)
        known = self.windows.get(window)
        self.windows[window] = wish if known is None else known | wish


def groups_before_count(rule: Rule, due_s: int) -> bool:
    """True if groups that were heard of in the period before are known, so that their silence counts."""
    return silence_counts(rule) and due_s - rule.period_s >= rule.groups_since_s


def window_of(rule: Rule, merged: MergedWindows, start_s: int) -> MergedWindow:
    """The window of the rule's period that starts then, of a ratio that of the denominator with the numerator's."""
    window = merged[Window(rule.selection.selection_id, start_s)]
    if rule.numerator is None:
        return window
    return replace(window, numerator=merged[Window(rule.numerator.selection_id, start_s)])
