"""The evaluator: plans an execution, evaluates a chunk of the rules, and hands out what must be sent."""

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import accumulate
from typing import Any

from handlers.domain.alerts.evaluation.capacity import MERGING_S, merging_weight
from handlers.domain.alerts.evaluation.chunks import chunks_of
from handlers.domain.alerts.evaluation.endings import RULE_DELETED
from handlers.domain.alerts.evaluation.inhibition import in_order, inhibiting
from handlers.domain.alerts.evaluation.resolver import TURNS, Resolver
from handlers.domain.alerts.evaluation.rule_alerts import RuleAlerts
from handlers.domain.alerts.evaluation.slice_evaluation import MergingTooLongError, SliceEvaluation
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.pending_notifications import PageLimits, next_page
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts, AlertUpdate, StoredAlert
from handlers.domain.alerts.periods import MADE_UP_S, Timing
from handlers.domain.alerts.rules.rule import Rule, RuleSource
from handlers.domain.alerts.silences.silence import NoSilences, SilenceSet, SilenceSource
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.protocol import silence_counts
from handlers.domain.alerts.state.transition import not_evaluated
from handlers.domain.alerts.steps import Chunk, Page, Plan
from handlers.domain.alerts.windows.progress import KeyRange, Reached
from handlers.domain.alerts.windows.window_items import Windows
from handlers.domain.errors import ConfigurationError, TransientError

# Where nothing is known of earlier evaluations it begins so far back: a version before this one may have left some.
FIRST_LOOK_BACK_S = 900
# Intervals are made up for in slices of so many seconds, each written before the next begins.
SLICE_S = 15.0
# The index of open alerts follows their table: alerts that were just written must be found by the next slice.
SETTLING_S = 3
# An execution is ended after 290 s, with what is on its way; it hands out notifications for so many of them.
HANDING_OUT_S = 120
# A state's input may hold 256 KiB; a chunk is some 200 bytes, so of four at a time a minute has time for fewer.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
PLAN_BYTES = 150_000


@dataclass(slots=True)
class Outcome:
    """The outcome of evaluating a chunk, as it is logged, and the alerts that have notifications to be sent."""

    rules: int = 0
    unreadable: int = 0
    intervals: int = 0
    groups: int = 0
    transitions: int = 0
    notifications: int = 0
    late: int = 0
    over_cap: dict[str, int] = field(default_factory=dict)
    # By the rules' keys: who made more groups than they may have.
    exploded: dict[str, Any] = field(default_factory=dict)
    # Alerts of which something is held back, and items of the silences table that are none.
    muted: int = 0
    silences_unreadable: int = 0
    notified: list[AlertKey] = field(default_factory=list)
    # True if there are intervals left that the execution was started for.
    behind: bool = False

    def counts(self) -> dict[str, Any]:
        """All but the alerts that there may be thousands of, for the log."""
        found = asdict(self)
        del found["notified"]
        if not self.silences_unreadable:
            del found["silences_unreadable"]
        return found


@dataclass(frozen=True)
class _Muting:
    """Silences, and rules that others name, with those of them that another chunk has.

    Those `beside` are evaluated once more, from the alerts that are `loaded`; `past` are alerts by their rules' keys.
    """

    silences: SilenceSet
    inhibitors: Sequence[Rule]
    beside: Sequence[Rule]
    loaded: Sequence[StoredAlert]
    past: Mapping[str, Sequence[Alert]]
    # Rules with a cap on their messages: what one alert may tell depends on what the others told in the hour.
    capped: Sequence[Rule] = ()

    def after(self, known: Mapping[str, RuleAlerts]) -> "_Muting":
        """The same for another turn: the alerts of those rules are known then."""
        past = {
            rule.key: [update.alert for update in known[rule.key].updates.values()]
            for rule in (*self.inhibitors, *self.capped)
            if rule.key in known
        }
        return _Muting(self.silences, self.inhibitors, (), (), past, self.capped)


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

    def plan(self, interval_start_s: int | None, now_s: float) -> Plan:
        """The intervals up to the one that an execution was started for, or that a sweep claims, by chunks of rules."""
        last_s = self.timing.interval_of(now_s) - self.timing.interval_s
        if interval_start_s is not None:
            last_s = interval_start_s
        elif not self.windows.claim(last_s, now_s):
            return {"found": False}
        progress, written_at_s = self.windows.progress()
        ranges = chunks_of(self.rules.rules().rules, self.timing.interval_s, self.group_cap)
        chunks = [
            self._chunk(KeyRange(*keys), progress.of(*keys), last_s, (index, len(ranges)))
            for index, keys in enumerate(ranges)
        ]
        left = _room_for([chunk for chunk in chunks if chunk["first"] <= last_s])
        if not left:
            return {"found": False}
        wait_s = max(self.timing.ready_at(last_s), written_at_s + SETTLING_S) - now_s
        for chunk in left:
            chunk["until"] = int(now_s + max(0, wait_s) + HANDING_OUT_S)
        return {
            "found": True,
            "first": min(chunk["first"] for chunk in left),
            "last": last_s,
            "wait_seconds": max(0, math.ceil(wait_s)),
            "chunks": left,
        }

    def _chunk(self, keys: KeyRange, reached: Reached, last_s: int, number: tuple[int, int]) -> Chunk:
        interval_s = self.timing.interval_s
        if reached.end_s:
            oldest_s = last_s + interval_s - self.timing.interval_of(MADE_UP_S)
            first_s = max(reached.end_s, oldest_s)
        else:
            first_s = last_s - self.timing.interval_of(FIRST_LOOK_BACK_S)
        return {
            "index": number[0],
            "of": number[1],
            "begin": keys.begin,
            "end": keys.end,
            "first": first_s,
            "since": reached.end_s or first_s,
            "begun": reached.begun_s if reached.end_s == first_s else first_s,
            "left": reached.left_s if reached.end_s == first_s else reached.end_s,
        }

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
            chunk = self._chunk(keys, reached, last_s, (chunk["index"], chunk["of"]))
        rules = sorted(
            (rule for rule in known.rules if keys.holds(rule.key) and rule.period_s % interval_s == 0),
            key=lambda rule: rule.key,
        )
        outcome = Outcome(
            rules=len(rules), unreadable=known.unreadable, silences_unreadable=len(silences.unreadable)
        )
        first_s = chunk.get("first", first_s)
        open_keys = self.alerts.open_keys()
        loaded = self.alerts.load([key for key in open_keys if keys.holds(key.rule_key)])
        starts = range(first_s, last_s + 1, interval_s)
        reached_s, rest = first_s, ""
        if starts:
            muting = self._muting(rules, known.rules, keys, silences, open_keys, starts)
            try:
                reached_s, rest = self._evaluate(rules, loaded, chunk, starts, muting, now_s, outcome)
            except MergingTooLongError as error:
                end_s = first_s + interval_s
                # Later it would take as long, and nothing after it would be evaluated.
                self.windows.advance(keys, Reached(end_s, end_s, first_s), now_s)
                raise ConfigurationError(_too_long(rules, end_s)) from error
        existing = {rule.key for rule in known.rules}
        resolver = Resolver(self.alerts, self.origin)
        for stored in loaded:
            if stored.key.rule_key not in existing:
                outcome.transitions += resolver.end(stored, RULE_DELETED, now_s)
        # A rule whose period is no multiple of the interval is not evaluated, as after a change of the setting.
        left = existing - ({rule.key for rule in rules} if starts else set())
        self._settle([stored for stored in loaded if stored.key.rule_key in left], now_s)
        self._advance(keys, chunk, first_s, reached_s, rest, now_s)
        outcome.behind = reached_s <= last_s or bool(rest)
        if keys != range_of(chunk) and not outcome.behind:
            outcome.behind = self.windows.progress()[0].of(*range_of(chunk)).end_s <= last_s
        return outcome

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

    def _evaluate(
        self,
        rules: Iterable[Rule],
        loaded: Iterable[StoredAlert],
        chunk: Chunk,
        starts: range,
        muting: "_Muting",
        now_s: float,
        outcome: Outcome,
    ) -> tuple[int, str]:
        """Evaluates the intervals of a slice; the end of the last one, and the first rule's key that is left in it."""
        rules, rest = list(rules), ""
        known = _known(rules, loaded)
        only: set[AlertKey] | None = None
        for _ in range(TURNS):
            self._say_what_is_left_out(rules, known, chunk, starts)
            evaluation = self._slice(rules, chunk, known, muting)
            if only is None:
                starts = evaluation.evaluate_until(starts, self.stopwatch() + SLICE_S)
                rest = evaluation.rest
            else:
                evaluation.evaluate_again(starts, rest)
            unsaved = self._save(known, only, now_s, outcome)
            if only is None:
                outcome.intervals, outcome.groups = len(starts), evaluation.groups
                outcome.over_cap = evaluation.left_out
                outcome.exploded = {key: one.document() for key, one in evaluation.exploded.items()}
                outcome.muted = sum(alerts.muted for alerts in known.values())
                muting = muting.after(evaluation.known)
                for name, note in evaluation.notes.items():
                    self.windows.note_groups(name, note)
            if not unsaved:
                return starts[-1] + self.timing.interval_s, rest
            only = unsaved
            rules = [rule for rule in rules if any(key.rule_key == rule.key for key in only)]
            known = _known(rules, self.alerts.load(sorted(only)))
        raise TransientError(f"{len(only or ())} alerts are being written all the time")

    def _muting(
        self,
        rules: Iterable[Rule],
        every: Iterable[Rule],
        keys: KeyRange,
        silences: SilenceSet,
        open_keys: Iterable[AlertKey],
        starts: range,
    ) -> "_Muting":
        """The silences and the rules that mute alerts of these.

        Where intervals are made up for, others may be further: then also the alerts that are over, with when they were
        not.
        """
        inhibitors = inhibiting(rules, every)
        beside = [
            rule
            for rule in inhibitors
            if not keys.holds(rule.key) and rule.period_s % self.timing.interval_s == 0
        ]
        loaded = [key for key in open_keys if key.rule_key in {rule.key for rule in beside}]
        past = {}
        if len(starts) > 1:
            past = {
                rule.key: [stored.alert for stored in self.alerts.load(self.alerts.of_rule(rule.key))]
                for rule in inhibitors
            }
        capped = [rule for rule in rules if rule.messages_per_hour]
        return _Muting(silences, inhibitors, beside, self.alerts.load(loaded), past, capped)

    def _slice(
        self, rules: Sequence[Rule], chunk: Chunk, known: dict[str, RuleAlerts], muting: "_Muting"
    ) -> SliceEvaluation:
        keys = {rule.key for rule in rules}
        return SliceEvaluation(
            rules=list(rules),
            windows=self.windows,
            alerts=self.alerts,
            timing=self.timing,
            origin=self.origin,
            group_cap=self.group_cap,
            begun_s=chunk.get("begun", 0),
            left_s=chunk.get("left", 0),
            known=known | _known(muting.beside, muting.loaded),
            silences=muting.silences,
            inhibitors=muting.inhibitors,
            ahead=in_order([*(rule for rule in muting.inhibitors if rule.key in keys), *muting.beside]),
            past=muting.past,
            stopwatch=self.stopwatch,
        )

    def _say_what_is_left_out(
        self, rules: Iterable[Rule], known: dict[str, RuleAlerts], chunk: Chunk, starts: range
    ) -> None:
        """Notes in the history of each open alert what no evaluation will make up for; its group stays known."""
        since_s = chunk.get("since", starts.start)
        if since_s >= starts.start:
            return
        for rule in rules:
            for update in known[rule.key].updates.values():
                if update.alert.evaluated_to_s <= since_s and not update.alert.is_quiet:
                    noted = not_evaluated(update.alert, since_s, starts.start)
                    update.alert = replace(noted, watched=noted.watched or silence_counts(rule))

    def _save(
        self, known: dict[str, RuleAlerts], only: set[AlertKey] | None, now_s: float, outcome: Outcome
    ) -> set[AlertKey]:
        """Writes the alerts that changed; those whose items are not the known ones any more."""
        pairs = [
            (update, alerts.stored.get(update.alert.group))
            for alerts in known.values()
            for update in alerts.every_update
            if only is None or AlertKey.of(update.alert) in only
        ]
        changed = [pair for pair in pairs if pair[0].must_be_written]
        changed.sort(key=lambda pair: not pair[0].alert.is_summary)
        summaries = sum(pair[0].alert.is_summary for pair in changed)
        saved = self.alerts.save_all(changed[:summaries], now_s) if summaries else []
        saved = [*saved, *self.alerts.save_all(changed[summaries:], now_s)]
        _count_saved(outcome, [update for (update, _), done in zip(changed, saved, strict=True) if done])
        # Where nothing changed, there may be something to send now, or nothing any more to look at the alert for.
        unchanged = [stored for update, stored in pairs if stored is not None and not update.must_be_written]
        self._settle(unchanged, now_s)
        return {
            AlertKey.of(update.alert) for (update, _), done in zip(changed, saved, strict=True) if not done
        }

    def _settle(self, unchanged: Iterable[StoredAlert], now_s: float) -> None:
        """Writes the outboxes that change by themselves; an alert that was written meanwhile is looked at next time."""
        pairs = [(AlertUpdate(stored.alert, stored.alert), stored) for stored in unchanged]
        self.alerts.save_all([pair for pair in pairs if pair[0].settles(pair[1], now_s)], now_s)


def range_of(chunk: Chunk) -> KeyRange:
    """The rules of a chunk; the version before this one numbered them, and all are the first chunk's now."""
    if "begin" in chunk:
        return KeyRange(chunk["begin"], chunk["end"])
    return KeyRange() if chunk["index"] == 0 else KeyRange("\U0010ffff")


def _room_for(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The chunks that a plan can hold, the least far first; the others are evaluated by the next executions."""
    by_need = sorted(chunks, key=lambda chunk: chunk["first"])
    sizes = accumulate(len(json.dumps(chunk)) for chunk in by_need)
    some = by_need[: sum(size <= PLAN_BYTES for size in sizes)]
    return sorted(some, key=lambda chunk: chunk["index"])


def _too_long(rules: Sequence[Rule], end_s: int) -> str:
    heaviest = max(
        rules, key=lambda rule: rule.period_s * merging_weight(rule) * (end_s % rule.period_s == 0)
    )
    return (
        f"the windows of {heaviest.key} at {end_s} take longer to merge than {MERGING_S:g} s, and it was not evaluated "
        "then: it needs fewer groups, a shorter period, or more of alerts.window_seconds or "
        "alerts.evaluator_memory_mb"
    )


def _known(rules: Iterable[Rule], loaded: Iterable[StoredAlert]) -> dict[str, RuleAlerts]:
    """The alerts that are loaded, by their rules' keys."""
    known = {rule.key: RuleAlerts() for rule in rules}
    for stored in loaded:
        if stored.key.rule_key in known:
            known[stored.key.rule_key].add([stored])
    return known


def _count_saved(outcome: Outcome, updates: Iterable[AlertUpdate]) -> None:
    for update in updates:
        outcome.transitions += len(update.transitions)
        outcome.notifications += update.messages
        outcome.late += sum(transition.late for transition in update.transitions)
        if update.messages:
            outcome.notified.append(AlertKey.of(update.alert))
