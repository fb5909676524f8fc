"""The evaluator: plans an execution, evaluates a chunk of the rules, and hands out what must be sent."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from handlers.domain.alerts.evaluation.capacity import too_long
from handlers.domain.alerts.evaluation.chunk_evaluation import ChunkEvaluation
from handlers.domain.alerts.evaluation.endings import RULE_DELETED
from handlers.domain.alerts.evaluation.muting import Muting
from handlers.domain.alerts.evaluation.outcome import Outcome
from handlers.domain.alerts.evaluation.planning import Planner, range_of
from handlers.domain.alerts.evaluation.resolver import Resolver
from handlers.domain.alerts.evaluation.slice_evaluation import MergingTooLongError
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.pending_notifications import PageLimits, next_page
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import RuleSource
from handlers.domain.alerts.silences.silence import NoSilences, SilenceSource
from handlers.domain.alerts.steps import Chunk, Page, Plan
from handlers.domain.alerts.windows.progress import KeyRange, Reached
from handlers.domain.alerts.windows.window_items import Windows
from handlers.domain.errors import ConfigurationError


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
    # Seconds that pass, by which a slice ends.
    stopwatch: Callable[[], float] = time.monotonic
    silences: SilenceSource = field(default_factory=NoSilences)

    @property
    def _planner(self) -> Planner:
        return Planner(self.rules, self.windows, self.timing, self.group_cap)

    def plan(self, interval_start_s: int | None, now_s: float) -> Plan:
        """The intervals up to the one that an execution was started for, or that a sweep claims, by chunks of rules."""
        return self._planner.plan(interval_start_s, now_s)

    def evaluate(self, chunk: Chunk, first_s: int, last_s: int, now_s: float) -> Outcome:
        """Evaluates the chunk's rules, one interval after the other while there is time, and writes what changed.

        Intervals that another execution has evaluated since the plan are left to it, as the rules may be others now.
        Alerts that another has written meanwhile are evaluated once more, from what they are now. An interval whose
        windows take too long to merge is left out, which `ConfigurationError` says.
        """
        known, silences = self.rules.fresh(), self.silences.fresh()
        interval_s = self.timing.interval_s
        progress = self.windows.progress()[0]
        keys = progress.least(range_of(chunk))
        reached = progress.of(*keys)
        if keys != range_of(chunk) or reached.end_s not in (0, chunk.get("since", reached.end_s)):
            chunk = self._planner.chunk(keys, reached, last_s, (chunk["index"], chunk["of"]))
        rules = sorted(
            (rule for rule in known.rules if keys.holds(rule.key) and rule.period_s % interval_s == 0),
            key=lambda rule: rule.key,
        )
        outcome = Outcome(
            rules=len(rules), unreadable=known.unreadable, silences_unreadable=len(silences.unreadable)
        )
        evaluation = self._evaluation(chunk, now_s, outcome)
        first_s = chunk.get("first", first_s)
        open_keys = self.alerts.open_keys()
        loaded = self.alerts.load([key for key in open_keys if keys.holds(key.rule_key)])
        starts = range(first_s, last_s + 1, interval_s)
        reached_s, rest = first_s, ""
        if starts:
            muting = Muting.of(rules, known.rules, silences)
            others = (rule for rule in muting.inhibitors if not keys.holds(rule.key))
            beside = [rule for rule in others if rule.period_s % interval_s == 0]
            muting = muting.with_alerts(beside, self.alerts, open_keys, is_behind=len(starts) > 1)
            try:
                reached_s, rest = evaluation.evaluate(rules, loaded, starts, muting)
            except MergingTooLongError as error:
                end_s = first_s + interval_s
                # Later it would take as long, and nothing after it would be evaluated.
                self.windows.advance(keys, Reached(end_s, end_s, first_s), now_s)
                raise ConfigurationError(too_long(rules, end_s)) from error
        existing = {rule.key for rule in known.rules}
        resolver = Resolver(self.alerts, self.origin)
        for stored in loaded:
            if stored.key.rule_key not in existing:
                outcome.transitions += resolver.end(stored, RULE_DELETED, now_s)
        # A rule whose period is no multiple of the interval is not evaluated, as after a change of the setting.
        left = existing - ({rule.key for rule in rules} if starts else set())
        evaluation.settle(stored for stored in loaded if stored.key.rule_key in left)
        self._advance(keys, chunk, first_s, reached_s, rest, now_s)
        outcome.behind = reached_s <= last_s or bool(rest)
        if keys != range_of(chunk) and not outcome.behind:
            outcome.behind = self.windows.progress()[0].of(*range_of(chunk)).end_s <= last_s
        return outcome

    def _evaluation(self, chunk: Chunk, now_s: float, outcome: Outcome) -> ChunkEvaluation:
        return ChunkEvaluation(
            self.windows,
            self.alerts,
            self.timing,
            self.origin,
            self.group_cap,
            self.stopwatch,
            chunk,
            now_s,
            outcome,
        )

    def _advance(
        self, keys: KeyRange, chunk: Chunk, first_s: int, reached_s: int, rest: str, now_s: float
    ) -> None:
        """Notes how far the rules are: those from `rest` on were left in the last interval."""
        begun_s, left_s = chunk.get("begun", first_s), chunk.get("left", 0)
        self.windows.advance(
            KeyRange(keys.begin, rest or keys.end), Reached(reached_s, begun_s, left_s), now_s
        )
        before_s = reached_s - self.timing.interval_s
        if rest and before_s > first_s:
            self.windows.advance(KeyRange(rest, keys.end), Reached(before_s, begun_s, left_s), now_s)

    def next_page(self, chunk: Chunk, after: str, now_s: float, notified: Iterable[AlertKey] = ()) -> Page:
        """The next notifications to publish, of the chunk's alerts behind `after`.

        The index of open alerts follows their table with a delay, so it may not have those `notified` just now. What an
        execution has no time for stays where it is, for the next one.
        """
        chosen, no_later_s = range_of(chunk), chunk.get("until", math.inf)
        keys = {key for key in self.alerts.open_keys() if chosen.holds(key.rule_key)}
        page = next_page(keys.union(notified), self.alerts.load, after, now_s, self.page_limits)
        return {**page, "more": page["more"] and now_s < no_later_s}
