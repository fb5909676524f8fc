"""The steps of an execution: find what to evaluate, evaluate a share of the rules, hand out what must be sent."""

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from handlers.domain.alerts.evaluation.evaluation_range import (
    TickRange,
    late_periods,
    more_ticks_to_read,
    ticks_to_read,
    wanted_periods,
)
from handlers.domain.alerts.evaluation.resolver import TURNS, Resolver
from handlers.domain.alerts.evaluation.rule_evaluation import RULE_DELETED, Changed, RuleEvidence, evaluate
from handlers.domain.alerts.notifications.notification import Place
from handlers.domain.alerts.notifications.pending_notifications import Page, hand_out
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.ports import AlertKey, Alerts, RuleSource, Stored, Windows
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group, group_key
from handlers.domain.alerts.windows.window_aggregates import Merged, merge
from handlers.domain.alerts.windows.window_items import Partial, read_item
from handlers.domain.errors import TransientError

RULES_PER_CHUNK = 50
# How far back a sweep looks for ticks that nobody evaluated; what is older was an outage that people know of.
SWEEP_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the rules, the same for whoever cuts: rules with this remainder of so many."""

    index: int
    of: int

    def has(self, rule_key: str) -> bool:
        """True if the rule belongs to the part."""
        return zlib.crc32(rule_key.encode()) % self.of == self.index


@dataclass(slots=True)
class Outcome:
    """What evaluating a share came to."""

    rules: int = 0
    unreadable: int = 0
    groups: int = 0
    transitions: int = 0
    notifications: int = 0
    late: int = 0
    full: int = 0
    over_cap: dict[str, int] = field(default_factory=dict)
    told: list[AlertKey] = field(default_factory=list)

    def counts(self) -> dict[str, Any]:
        """All but the alerts that there may be thousands of, for the log."""
        found = asdict(self)
        del found["told"]
        return found


@dataclass(frozen=True)
class Evaluator:
    """Does the steps with the tables it is given."""

    rules: RuleSource
    windows: Windows
    alerts: Alerts
    timing: Timing
    place: Place
    group_cap: int

    def plan(self, tick: int | None, now: float) -> dict[str, Any]:
        """What an execution is about: the tick it was started for, or all that a sweep finds and claims."""
        about = TickRange(tick, tick) if tick is not None else self._sweep(now)
        if about is None:
            return {"found": False}
        chunks = -(-max(1, len(self.rules.rules().rules)) // RULES_PER_CHUNK)
        return {
            "found": True,
            "first": about.first,
            "last": about.last,
            "wait_seconds": max(0, math.ceil(self.timing.ready_at(about.last) - now)),
            "chunks": [{"index": index, "of": chunks} for index in range(chunks)],
        }

    def finish(self, about: TickRange, now: float) -> None:
        """Nobody needs to evaluate these ticks again."""
        self.windows.finish(about.steps(self.timing), int(now))

    def evaluate(self, about: TickRange, share: Share, now: float) -> Outcome:
        """Judges the share's rules, and writes what changed with the notifications of it."""
        known = self.rules.rules()
        keys = [key for key in self.alerts.open_keys() if share.has(key.rule_key)]
        if {key.rule_key for key in keys} - {rule.key for rule in known.rules}:
            known = self.rules.fresh()
        rules = [rule for rule in known.rules if share.has(rule.key) and rule.period % self.timing.tick == 0]
        work = _Work(self, about, now, Outcome(rules=len(rules), unreadable=known.unreadable))
        by_rule: dict[str, list[Stored]] = {}
        for stored in self.alerts.load(keys):
            by_rule.setdefault(stored.key.rule_key, []).append(stored)
        merged, late = self._evidence(rules, about)
        for rule in rules:
            name = rule.selection.selection_id
            evidence = RuleEvidence(merged.get(name, {}), late.get(name, frozenset()))
            work.evaluate(rule, evidence, by_rule.pop(rule.key, []))
        existing = {rule.key for rule in known.rules}
        resolver = Resolver(self.alerts, self.timing, self.place)
        for rule_key, orphans in by_rule.items():
            if rule_key not in existing:
                for stored in orphans:
                    work.outcome.transitions += resolver.end(stored, RULE_DELETED, now)
        return work.outcome

    def hand_out(self, share: Share, after: str, now: float, told: Iterable[AlertKey] = ()) -> Page:
        """The next notifications that somebody must publish, of the share's alerts behind `after`.

        The index of open alerts follows their table with a delay, so it may not have those `told` of just now.
        """
        keys = {key for key in self.alerts.open_keys() if share.has(key.rule_key)}
        return hand_out([*keys.union(told)], self.alerts.load, after, int(now))

    def _sweep(self, now: float) -> TickRange | None:
        timing = self.timing
        last = timing.tick_of(now) - timing.tick
        ticks = list(range(timing.tick_of(last - SWEEP_SECONDS), last + 1, timing.tick))
        claimed = [
            tick for tick in self.windows.unfinished(ticks, int(now)) if self.windows.claim(tick, int(now))
        ]
        return TickRange(min(claimed), max(claimed)) if claimed else None

    def _evidence(self, rules: Sequence[Rule], about: TickRange) -> tuple[Merged, dict[str, Any]]:
        if not rules:
            return {}, {}
        read = ticks_to_read(rules, about, self.timing)
        partials = self._partials(read)
        late = late_periods(partials, {rule.selection for rule in rules}, about, self.timing)
        partials += self._partials(more_ticks_to_read(late, read, about, self.timing))
        wanted = wanted_periods(rules, late, about, self.timing)
        return merge(partials, wanted, self.timing, self.group_cap), dict(late)

    def _partials(self, ticks: Iterable[int]) -> list[Partial]:
        return [read_item(item) for item in self.windows.read(ticks)]


@dataclass(frozen=True)
class _Work:
    """Evaluates rules one by one, and keeps count."""

    evaluator: Evaluator
    about: TickRange
    now: float
    outcome: Outcome

    def evaluate(self, rule: Rule, evidence: RuleEvidence, stored: Sequence[Stored]) -> None:
        """Decides and writes; where an item had changed meanwhile, decides again from what it is now."""
        self._count(rule, evidence)
        known = {item.alert.group: item for item in stored}
        unsaved: set[Group] | None = None
        for _ in range(TURNS):
            changes = evaluate(
                rule,
                evidence,
                [item.alert for item in known.values()],
                self.about,
                self.evaluator.timing,
                self.evaluator.place,
            )
            # An alert stands still while too much of it is unsent: nothing of it is lost, and the others go on.
            full = {group for group, item in known.items() if item.is_full}
            changes = [changed for changed in changes if changed.alert.group not in full]
            self.outcome.full = max(self.outcome.full, len(full))
            if unsaved is not None:
                changes = [changed for changed in changes if changed.alert.group in unsaved]
            else:
                self._tidy(known, changes)
            pairs = [(changed, known.get(changed.alert.group)) for changed in changes]
            saved = self.evaluator.alerts.save_all(pairs, int(self.now))
            unsaved = {changed.alert.group for changed, done in zip(changes, saved, strict=True) if not done}
            self._count_saved(changed for changed in changes if changed.alert.group not in unsaved)
            if not unsaved:
                return
            again = [AlertKey(rule.key, group_key(group)) for group in unsaved]
            known.update({item.alert.group: item for item in self.evaluator.alerts.load(again)})
        raise TransientError(f"{len(unsaved or ())} alerts are being written all the time")

    def _tidy(self, known: dict[Group, Stored], changes: Sequence[Changed]) -> None:
        """Healthy alerts whose last notification is confirmed need not be looked at any more."""
        written = {changed.alert.group for changed in changes}
        for group, stored in known.items():
            if group not in written and stored.alert.is_quiet and not stored.unconfirmed:
                self.evaluator.alerts.save(Changed(stored.alert, stored.alert), stored, int(self.now))

    def _count_saved(self, changes: Iterable[Changed]) -> None:
        for changed in changes:
            self.outcome.transitions += len(changed.transitions)
            self.outcome.notifications += len(changed.notifications)
            if changed.notifications:
                alert = changed.alert
                self.outcome.told.append(AlertKey(alert.rule_key, group_key(alert.group)))
            self.outcome.late += sum(transition.late for transition in changed.transitions)

    def _count(self, rule: Rule, evidence: RuleEvidence) -> None:
        if not evidence.periods:
            return
        newest = evidence.periods[max(evidence.periods)]
        self.outcome.groups += len(newest.groups)
        dropped = max(period.dropped for period in evidence.periods.values())
        if dropped:
            self.outcome.over_cap[rule.key] = dropped
