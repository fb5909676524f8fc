"""Evaluates one rule for all its groups: judges what is due or came late, and decides group by group."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from handlers.domain.alerts.evaluation.datapoint import judge
from handlers.domain.alerts.evaluation.evaluation_range import SILENCE_COUNTS, TickRange, due_period
from handlers.domain.alerts.notifications.notification import Notification, Place, notification
from handlers.domain.alerts.periods import Timing, last_complete
from handlers.domain.alerts.rules.reading import read_rule, rule_revision
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.alert import Alert, Judged, Verdict
from handlers.domain.alerts.state.protocol import Decision, Kind, Transition, close, decide
from handlers.domain.alerts.windows.window_aggregates import PeriodEvidence

RULE_CHANGED = "the rule was changed"
RULE_DELETED = "the rule was deleted"

_NOTHING = PeriodEvidence()
_HEALTHY = frozenset({Verdict.RECOVERED, Verdict.BETWEEN})


@dataclass(slots=True)
class Changed:
    """A group whose item must be written: what it was, what it is, and what there is to tell."""

    previous: Alert | None
    alert: Alert
    transitions: list[Transition] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)

    def apply(self, decision: Decision, rule: Rule, place: Place) -> None:
        """Takes a decision over; notifications tell of it in the words of the rule it was made by."""
        self.alert = decision.alert
        for transition in decision.transitions:
            self.transitions.append(transition)
            if transition.kind is not Kind.SILENT:
                self.notifications.append(notification(rule, decision.alert, transition, place))

    @property
    def is_news(self) -> bool:
        """True if there is anything to write. A healthy group is not, however often it is judged."""
        if self.transitions:
            return True
        if self.alert.is_quiet and (self.previous is None or self.previous.is_quiet):
            return False
        return self.alert != self.previous


@dataclass(frozen=True, slots=True)
class RuleEvidence:
    """What is known for one rule: its selection's periods, and which of them changed after they were judged."""

    periods: Mapping[int, PeriodEvidence]
    late: Set[int] = frozenset()

    def of(self, start: int) -> PeriodEvidence:
        """The evidence of one period."""
        return self.periods.get(start, _NOTHING)

    def first_late(self, group: Group) -> int | None:
        """The first period that must be judged again for the group."""
        return min((start for start in self.late if group in self.of(start).groups), default=None)


def evaluate(
    rule: Rule,
    evidence: RuleEvidence,
    alerts: Iterable[Alert],
    about: TickRange,
    timing: Timing,
    place: Place,
) -> list[Changed]:
    """The groups of a rule that changed in these ticks, given the items of all that are not healthy."""
    work = {alert.group: Changed(alert, alert) for alert in alerts}
    revision = rule_revision(rule)
    for changed in work.values():
        if changed.alert.rule_revision != revision:
            _end(changed, RULE_CHANGED, about.first + timing.tick, place)
    for tick in about.steps(timing):
        late = evidence.late if tick == about.first else frozenset()
        due = due_period(rule, tick, timing)
        newest = last_complete(tick + timing.tick, rule.period)
        for group in _groups(rule, evidence, due, late, work):
            judged = list(_judged(rule, evidence, group, due, newest, again=bool(late)))
            if group not in work:
                if all(item.verdict in _HEALTHY for item in judged):
                    continue
                work[group] = Changed(None, Alert(rule.key, group))
            changed = work[group]
            changed.apply(decide(rule, changed.alert, judged, newest, tick + timing.tick), rule, place)
    return [changed for changed in work.values() if changed.is_news]


def end_alert(alert: Alert, reason: str, at: int, place: Place) -> Changed:
    """Resolves an alert whose rule is gone or is another one now."""
    changed = Changed(alert, alert)
    _end(changed, reason, at, place)
    return changed


def _end(changed: Changed, reason: str, at: int, place: Place) -> None:
    was = read_rule(changed.alert.rule)
    changed.apply(close(changed.alert, reason, at, notify_on_resolve=was.notify_on_resolve), was, place)


def _groups(
    rule: Rule, evidence: RuleEvidence, due: int | None, late: Set[int], work: Mapping[Group, Changed]
) -> list[Group]:
    groups = dict.fromkeys(work)
    if due is not None:
        groups.update(dict.fromkeys(evidence.of(due).groups))
        if rule.missing_data in SILENCE_COUNTS:
            groups.update(dict.fromkeys(evidence.of(due - rule.period).groups))
            if not rule.by:
                groups[()] = None
    for start in late:
        groups.update(dict.fromkeys(evidence.of(start).groups))
    return list(groups)


def _judged(
    rule: Rule, evidence: RuleEvidence, group: Group, due: int | None, newest: int, *, again: bool
) -> Iterator[Judged]:
    first_late = evidence.first_late(group) if again else None
    starts: Iterable[int] = () if due is None else (due,)
    if first_late is not None:
        starts = range(first_late, newest + 1, rule.period)
    for start in starts:
        judged = judge(rule, start, evidence.of(start), group)
        if judged is not None:
            yield judged
