"""The evaluator: plans an execution, evaluates a chunk of the rules, hands out what must be sent, and finishes."""

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from handlers.domain.alerts.evaluation.evaluation_range import (
    IntervalRange,
    LatePeriods,
    earlier_intervals_to_read,
    intervals_to_read,
    late_periods,
    wanted_periods,
)
from handlers.domain.alerts.evaluation.resolver import TURNS, Resolver
from handlers.domain.alerts.evaluation.rule_evaluation import RULE_DELETED, RuleWindows, evaluate_rule
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.pending_notifications import PageLimits, next_page
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts, AlertUpdate, StoredAlert
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule, RuleSource
from handlers.domain.alerts.rules.selection import Group, group_key
from handlers.domain.alerts.steps import Chunk, Page, Plan
from handlers.domain.alerts.windows.merging import MergedWindows, merge_windows
from handlers.domain.alerts.windows.window_items import Windows
from handlers.domain.errors import TransientError

RULES_PER_CHUNK = 50
# How far back a sweep looks for intervals that were not evaluated; what is older was an outage that people know of.
SWEEP_SECONDS = 900


@dataclass(slots=True)
class Outcome:
    """The outcome of evaluating a chunk, as it is logged, and the alerts that have notifications to be sent."""

    rules: int = 0
    unreadable: int = 0
    groups: int = 0
    transitions: int = 0
    notifications: int = 0
    late: int = 0
    over_cap: dict[str, int] = field(default_factory=dict)
    notified: list[AlertKey] = field(default_factory=list)

    def counts(self) -> dict[str, Any]:
        """All but the alerts that there may be thousands of, for the log."""
        found = asdict(self)
        del found["notified"]
        return found


@dataclass(frozen=True)
class Evaluator:
    """Does the steps with the tables it is given; `steps` has their inputs and answers."""

    rules: RuleSource
    windows: Windows
    alerts: Alerts
    timing: Timing
    origin: Origin
    group_cap: int
    page_limits: PageLimits

    def plan(self, interval_start_s: int | None, now_s: float) -> Plan:
        """The intervals of an execution: the one it was started for, or all that a sweep finds and claims."""
        start_s = interval_start_s
        intervals = self._sweep(now_s) if start_s is None else IntervalRange(start_s, start_s)
        if intervals is None:
            return {"found": False}
        chunks = -(-max(1, len(self.rules.rules().rules)) // RULES_PER_CHUNK)
        return {
            "found": True,
            "first": intervals.first_s,
            "last": intervals.last_s,
            "wait_seconds": max(0, math.ceil(self.timing.ready_at(intervals.last_s) - now_s)),
            "chunks": [{"index": index, "of": chunks} for index in range(chunks)],
        }

    def finish(self, intervals: IntervalRange, now_s: float) -> None:
        """Marks the intervals as evaluated."""
        self.windows.finish(intervals.starts(self.timing), now_s)

    def evaluate(self, intervals: IntervalRange, chunk: Chunk, now_s: float) -> Outcome:
        """Evaluates the chunk's rules, and writes the alerts that changed with their notifications."""
        known = self.rules.rules()
        keys = [key for key in self.alerts.open_keys() if _is_in(chunk, key.rule_key)]
        if {key.rule_key for key in keys} - {rule.key for rule in known.rules}:
            known = self.rules.fresh()
        interval_s = self.timing.interval_s
        rules = [rule for rule in known.rules if _is_in(chunk, rule.key) and rule.period_s % interval_s == 0]
        outcome = Outcome(rules=len(rules), unreadable=known.unreadable)
        by_rule: dict[str, list[StoredAlert]] = {}
        for stored in self.alerts.load(keys):
            by_rule.setdefault(stored.key.rule_key, []).append(stored)
        merged, late = self._windows(rules, intervals)
        for rule in rules:
            selection_id = rule.selection.selection_id
            windows = RuleWindows(merged.get(selection_id, {}), late.get(selection_id, frozenset()))
            _count_groups(outcome, rule, windows)
            self._evaluate_rule(rule, windows, by_rule.pop(rule.key, []), intervals, now_s, outcome)
        existing = {rule.key for rule in known.rules}
        resolver = Resolver(self.alerts, self.timing, self.origin)
        for rule_key, rest in by_rule.items():
            if rule_key in existing:
                self._settle(rest, now_s)
            else:
                outcome.transitions += sum(resolver.resolve(item, RULE_DELETED, now_s) for item in rest)
        return outcome

    def next_page(self, chunk: Chunk, after: str, now_s: float, notified: Iterable[AlertKey] = ()) -> Page:
        """The next notifications to publish, of the chunk's alerts behind `after`.

        The index of open alerts follows their table with a delay, so it may not have those `notified` just now.
        """
        keys = {key for key in self.alerts.open_keys() if _is_in(chunk, key.rule_key)}
        return next_page(keys.union(notified), self.alerts.load, after, now_s, self.page_limits)

    def _sweep(self, now_s: float) -> IntervalRange | None:
        timing = self.timing
        last_s = timing.interval_of(now_s) - timing.interval_s
        starts = range(timing.interval_of(last_s - SWEEP_SECONDS), last_s + 1, timing.interval_s)
        claimed = [
            start_s
            for start_s in self.windows.unfinished(starts, now_s)
            if self.windows.claim(start_s, now_s)
        ]
        return IntervalRange(min(claimed), max(claimed)) if claimed else None

    def _windows(self, rules: Sequence[Rule], intervals: IntervalRange) -> tuple[MergedWindows, LatePeriods]:
        if not rules:
            return {}, {}
        read = intervals_to_read(rules, intervals, self.timing)
        items = self.windows.read(read)
        late = late_periods(items, {rule.selection for rule in rules}, intervals, self.timing)
        items += self.windows.read(earlier_intervals_to_read(late, read, intervals, self.timing))
        wanted = wanted_periods(rules, late, intervals, self.timing)
        return merge_windows(items, wanted, self.timing, self.group_cap), late

    def _evaluate_rule(
        self,
        rule: Rule,
        windows: RuleWindows,
        stored: Sequence[StoredAlert],
        intervals: IntervalRange,
        now_s: float,
        outcome: Outcome,
    ) -> None:
        """Decides and writes; where an item had changed meanwhile, decides again from what it is now."""
        known = {item.alert.group: item for item in stored}
        unsaved: set[Group] | None = None
        for _ in range(TURNS):
            alerts = [item.alert for item in known.values()]
            updates = evaluate_rule(rule, windows, alerts, intervals, self.timing, self.origin)
            if unsaved is None:
                changed = {update.alert.group for update in updates}
                self._settle([item for group, item in known.items() if group not in changed], now_s)
            else:
                updates = [update for update in updates if update.alert.group in unsaved]
            pairs = [(update, known.get(update.alert.group)) for update in updates]
            saved = self.alerts.save_all(pairs, now_s)
            unsaved = {update.alert.group for update, done in zip(updates, saved, strict=True) if not done}
            _count_saved(outcome, [update for update in updates if update.alert.group not in unsaved])
            if not unsaved:
                return
            again = [AlertKey(rule.key, group_key(group)) for group in unsaved]
            known.update({item.alert.group: item for item in self.alerts.load(again)})
        raise TransientError(f"{len(unsaved or ())} alerts are being written all the time")

    def _settle(self, alerts: Iterable[StoredAlert], now_s: float) -> None:
        """Writes those of these alerts that have another notification to send now, or nothing any more.

        One that is written meanwhile is not the same any more, and the next evaluation looks at it again.
        """
        updates = [(AlertUpdate(stored.alert, stored.alert), stored) for stored in alerts]
        self.alerts.save_all(
            [(update, stored) for update, stored in updates if update.settles(stored, now_s)], now_s
        )


def _is_in(chunk: Chunk, rule_key: str) -> bool:
    return zlib.crc32(rule_key.encode()) % chunk["of"] == chunk["index"]


def _count_saved(outcome: Outcome, updates: Iterable[AlertUpdate]) -> None:
    for update in updates:
        outcome.transitions += len(update.transitions)
        outcome.notifications += len(update.notifications)
        outcome.late += sum(transition.late for transition in update.transitions)
        if update.notifications:
            outcome.notified.append(AlertKey.of(update.alert))


def _count_groups(outcome: Outcome, rule: Rule, windows: RuleWindows) -> None:
    if not windows.by_start:
        return
    outcome.groups += len(windows.by_start[max(windows.by_start)].groups)
    dropped = max(window.dropped for window in windows.by_start.values())
    if dropped:
        outcome.over_cap[rule.key] = dropped
