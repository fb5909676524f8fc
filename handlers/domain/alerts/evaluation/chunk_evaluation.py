"""Evaluates a slice of a chunk's intervals and writes what changed, by turns: until nobody else has written meanwhile.

Two executions may meet at one alert. What one finds written by the other it evaluates once more, from what it is now.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from handlers.domain.alerts.evaluation.inhibition import in_order
from handlers.domain.alerts.evaluation.muting import Muting
from handlers.domain.alerts.evaluation.outcome import Outcome
from handlers.domain.alerts.evaluation.resolver import TURNS
from handlers.domain.alerts.evaluation.rule_alerts import RuleAlerts, alerts_by_rule
from handlers.domain.alerts.evaluation.slice_evaluation import SliceEvaluation
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts, AlertUpdate, StoredAlert
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.transition import not_evaluated
from handlers.domain.alerts.state.verdicts import silence_counts
from handlers.domain.alerts.steps import Chunk
from handlers.domain.alerts.windows.window_items import Windows
from handlers.domain.errors import TransientError

# Intervals are made up for in slices of so many seconds, each written before the next begins.
SLICE_S = 15.0


# What became of an alert, and its item as it was read, if there was one.
_Pair = tuple[AlertUpdate, StoredAlert | None]


@dataclass
class ChunkEvaluation:
    """The evaluation of a chunk by the tables it is given; `outcome` counts what it does."""

    windows: Windows
    alerts: Alerts
    timing: Timing
    origin: Origin
    group_cap: int
    stopwatch: Callable[[], float]
    chunk: Chunk
    now_s: float
    outcome: Outcome

    def evaluate(
        self, rules: Sequence[Rule], loaded: Iterable[StoredAlert], starts: range, muting: Muting
    ) -> tuple[int, str]:
        """Evaluates the intervals of a slice; the end of the last one, and the first rule's key that is left in it.

        `TransientError` if alerts are being written all the time, `MergingTooLongError` if the first interval's windows
        take too long.
        """
        known, outcome = alerts_by_rule(rules, loaded), self.outcome
        self._say_what_is_left_out(rules, known, starts)
        evaluation = self._slice(rules, known, muting)
        starts = evaluation.evaluate_until(starts, self.stopwatch() + SLICE_S)
        unsaved, rest = self._save(known, None), evaluation.rest
        outcome.intervals, outcome.groups = len(starts), evaluation.groups
        outcome.over_cap = evaluation.left_out
        outcome.exploded = {key: one.document() for key, one in evaluation.exploded.items()}
        outcome.muted = sum(alerts.muted for alerts in known.values())
        for name, note in evaluation.notes.items():
            self.windows.note_groups(name, note)
        muting = muting.after(evaluation.known)
        for _ in range(TURNS - 1):
            if not unsaved:
                break
            rules = [rule for rule in rules if any(key.rule_key == rule.key for key in unsaved)]
            known = alerts_by_rule(rules, self.alerts.load(sorted(unsaved)))
            self._say_what_is_left_out(rules, known, starts)
            self._slice(rules, known, muting).evaluate_again(starts, rest)
            unsaved = self._save(known, unsaved)
        if unsaved:
            raise TransientError(f"{len(unsaved)} alerts are being written all the time")
        return starts[-1] + self.timing.interval_s, rest

    def settle(self, unchanged: Iterable[StoredAlert]) -> None:
        """Writes the outboxes that change by themselves; an alert that was written meanwhile is looked at next time."""
        pairs = [(AlertUpdate(stored.alert, stored.alert), stored) for stored in unchanged]
        self.alerts.save_all([pair for pair in pairs if pair[0].settles(pair[1], self.now_s)], self.now_s)

    def _slice(
        self, rules: Sequence[Rule], known: Mapping[str, RuleAlerts], muting: Muting
    ) -> SliceEvaluation:
        keys = {rule.key for rule in rules}
        return SliceEvaluation(
            rules=list(rules),
            windows=self.windows,
            alerts=self.alerts,
            timing=self.timing,
            origin=self.origin,
            group_cap=self.group_cap,
            begun_s=self.chunk.get("begun", 0),
            left_s=self.chunk.get("left", 0),
            known={**known, **alerts_by_rule(muting.beside, muting.loaded)},
            silences=muting.silences,
            inhibitors=muting.inhibitors,
            ahead=in_order([*(rule for rule in muting.inhibitors if rule.key in keys), *muting.beside]),
            past=muting.past,
            stopwatch=self.stopwatch,
        )

    def _say_what_is_left_out(
        self, rules: Iterable[Rule], known: Mapping[str, RuleAlerts], starts: range
    ) -> None:
        """Notes in the history of each open alert what no evaluation will make up for; its group stays known."""
        since_s = self.chunk.get("since", starts.start)
        if since_s >= starts.start:
            return
        for rule in rules:
            for update in known[rule.key].updates.values():
                if update.alert.evaluated_to_s <= since_s and not update.alert.is_quiet:
                    noted = not_evaluated(update.alert, since_s, starts.start)
                    update.alert = replace(noted, watched=noted.watched or silence_counts(rule))

    def _save(self, known: Mapping[str, RuleAlerts], only: set[AlertKey] | None) -> set[AlertKey]:
        """Writes the alerts that changed, of all or of some; those whose items are not the known ones any more."""
        pairs = [
            (update, alerts.stored.get(update.alert.group))
            for alerts in known.values()
            for update in alerts.every_update
            if only is None or AlertKey.of(update.alert) in only
        ]
        changed, unchanged = list[_Pair](), list[StoredAlert]()
        for update, stored in pairs:
            if update.must_be_written:
                changed.append((update, stored))
            elif stored is not None:
                unchanged.append(stored)
        changed.sort(key=lambda pair: not pair[0].alert.is_summary)
        summaries = sum(pair[0].alert.is_summary for pair in changed)
        saved = self.alerts.save_all(changed[:summaries], self.now_s) if summaries else []
        saved = [*saved, *self.alerts.save_all(changed[summaries:], self.now_s)]
        self.outcome.count(pair for pair, done in zip(changed, saved, strict=True) if done)
        # Where nothing changed, there may be something to send now, or nothing any more to look at the alert for.
        self.settle(unchanged)
        return {
            AlertKey.of(update.alert) for (update, _), done in zip(changed, saved, strict=True) if not done
        }
