"""The groups that are known from before: noted each hour, and heard of while no interval was evaluated."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from handlers.domain.alerts.evaluation.chunks import WEIGHT_PER_CHUNK
from handlers.domain.alerts.evaluation.evaluation_range import IntervalItems
from handlers.domain.alerts.evaluation.rule_alerts import RuleAlerts
from handlers.domain.alerts.evaluation.rule_evaluation import FirstLook, RuleWindows
from handlers.domain.alerts.evaluation.wanted_windows import WantedWindows
from handlers.domain.alerts.periods import HOUR_S, Timing, last_complete_period
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.verdicts import silence_counts
from handlers.domain.alerts.windows.known_groups import KnownGroups, groups_id
from handlers.domain.alerts.windows.merging import MergedWindow, merge_windows
from handlers.domain.alerts.windows.window_items import Windows


@dataclass
class GroupsBefore:
    """Finds the groups of earlier periods for the rules of a chunk, and notes those of its intervals.

    Intervals are evaluated since `begun_s`; those before it, back to `left_s`, were not.
    """

    items: IntervalItems
    windows: Windows
    timing: Timing
    group_cap: int
    begun_s: int
    left_s: int
    known: Mapping[str, RuleAlerts]
    notes: dict[str, KnownGroups] = field(default_factory=dict)
    _noted: dict[str, KnownGroups] = field(default_factory=dict)

    def add_to(self, windows: RuleWindows, rule: Rule, due_s: int) -> None:
        """Adds the groups to the windows of a rule of which a period is due."""
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

    def note(
        self, rules: Iterable[Rule], looks: Mapping[str, tuple[RuleWindows, FirstLook]], end_s: int
    ) -> None:
        """Notes the groups that are known, each hour and when a rule passes its cap."""
        found: dict[str, list[tuple[Rule, RuleWindows, FirstLook]]] = defaultdict(list)
        for rule in rules:
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
            explosions = [look.admission.explosion for _, _, look in entries]
            explosion = next((one for one in explosions if one is not None), None)
            self.notes[name] = KnownGroups(frozenset(groups), since_s, left_out, explosion)

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
        wanted = WantedWindows(self.timing)
        for start_s in range(-(-first_s // rule.period_s) * rule.period_s, due_s, rule.period_s):
            wanted.add_counts(rule, start_s, groups)
        items = self.items.known(due_s + rule.period_s - self.timing.interval_s, first_s)
        merged = merge_windows(items, wanted.windows)
        return {group: window.start_s for window, found in sorted(merged.items()) for group in found.names}

    def _names(self, rule: Rule, start_s: int, until_s: int) -> MergedWindow:
        """The names of a period's groups, as they were known when the interval that ended then was ready."""
        wanted = WantedWindows(self.timing)
        wanted.add_names(rule, start_s)
        items = self.items.known(until_s - self.timing.interval_s, start_s)
        [window] = merge_windows(items, wanted.windows).values()
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
