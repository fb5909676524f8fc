"""Alerts of a back-test: each time a group fired, from when to when, and the messages of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from handlers.domain.alerts.notifications.stored_alert import AlertUpdate
from handlers.domain.alerts.rules.rule import Operator, Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.alert import Alert, Verdict
from handlers.domain.alerts.state.transition import Kind, Transition
from handlers.vocabulary import AlertState
from ops.replay.history_replay import Watcher


@dataclass(slots=True)
class Firing:
    """One time that a group of a rule fired: from the end of an interval (s) on, to that of another, or on and on.

    `value` is that of the datapoint it began with, `worst` the one farthest beyond the threshold; None where data was
    missing. `states` are those it went through.
    """

    rule: Rule
    group: Group
    begin_s: int
    states: list[AlertState]
    value: float | None
    worst: float | None
    end_s: int | None = None
    messages: int = 0

    def seconds(self, span: range) -> int:
        """The seconds that it fired within a span."""
        end_s = span.stop if self.end_s is None else min(self.end_s, span.stop)
        return max(0, end_s - max(self.begin_s, span.start))

    def overlaps(self, other: "Firing") -> bool:
        """True if both fired at one time."""
        mine, its = (one.end_s or 2**62 for one in (self, other))
        return self.begin_s < its and other.begin_s < mine


@dataclass
class AlertLog(Watcher):
    """The firings of some rules, and their messages by day, of the part of a replay that counts."""

    rules: Sequence[Rule]
    span: range
    firings: list[Firing] = field(default_factory=list)
    # By the rule's key, and the day as a text.
    messages: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _latest: dict[tuple[str, Group], Firing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._of_key = {rule.key: rule for rule in self.rules}

    def changed(self, update: AlertUpdate, told: Sequence[Transition]) -> None:
        """Takes what became of an alert."""
        alert = update.alert
        rule = self._of_key.get(alert.rule_key)
        if rule is None:
            return
        counted = self._count(rule, told)
        if alert.is_summary:
            return
        for transition in update.transitions:
            if transition.kind is not Kind.REMINDER:
                self._take(rule, alert.group, transition)
        firing = self._latest.get((alert.rule_key, alert.group))
        if firing is not None:
            firing.messages += counted
            if alert.state.is_firing:
                _note_worst(firing, alert)

    def of(self, rule: Rule) -> list[Firing]:
        """The firings of a rule within the span, in the order of their times."""
        return [
            one
            for one in self.firings
            if one.rule.key == rule.key and (one.end_s is None or one.end_s > self.span.start)
        ]

    def _count(self, rule: Rule, told: Iterable[Transition]) -> int:
        """The number of messages within the span, each counted to its day: also of summaries, which are of no group."""
        counted = 0
        for transition in told:
            if transition.at_s > self.span.start:
                self.messages[rule.key][_day(transition.at_s)] += 1
                counted += 1
        return counted

    def _take(self, rule: Rule, group: Group, transition: Transition) -> None:
        key = rule.key, group
        before = self._latest.get(key)
        opened = before is not None and before.end_s is None
        if transition.state.is_firing:
            if opened and before is not None:
                before.states.append(transition.state)
                return
            firing = Firing(
                rule, group, transition.at_s, [transition.state], transition.value, transition.value
            )
            self._latest[key] = firing
            self.firings.append(firing)
        elif opened and before is not None:
            before.end_s = transition.at_s


@lru_cache(maxsize=64)
def _day(time_s: int) -> str:
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d}"


def _note_worst(firing: Firing, alert: Alert) -> None:
    last = alert.datapoints[-1] if alert.datapoints else None
    if last is None or last.verdict is not Verdict.BREACHING or last.value is None:
        return
    if firing.worst is None or _distance(firing.rule, last.value) > _distance(firing.rule, firing.worst):
        firing.worst = last.value


def _distance(rule: Rule, value: float) -> float:
    """The distance of a value beyond the threshold, or within a range that it should not be in."""
    low, high = rule.condition.bounds[0], rule.condition.bounds[-1]
    match rule.condition.operator:
        case Operator.GREATER | Operator.GREATER_EQUAL:
            return value - low
        case Operator.LESS | Operator.LESS_EQUAL:
            return low - value
        case Operator.INSIDE | Operator.EQUAL:
            return min(value - low, high - value)
        case Operator.OUTSIDE | Operator.NOT_EQUAL:
            return max(low - value, value - high)
