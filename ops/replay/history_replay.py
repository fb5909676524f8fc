"""A replay of history: sets of rules judge the same stored points, period by period, as if each had come in time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from handlers.adapters.stepfunctions import PAGE_LIMITS
from handlers.domain.alerts.evaluation.evaluator import Evaluator
from handlers.domain.alerts.notifications.stored_alert import AlertKey, AlertUpdate, StoredAlert
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group, Selection
from handlers.domain.alerts.state.transition import Transition
from handlers.domain.alerts.steps import Chunk
from handlers.domain.alerts.windows.known_groups import groups_id
from handlers.domain.collection import paused_collection
from ops.history.asked import Readings
from ops.replay.memory_ports import MemoryAlerts, MemoryRules, MemoryWindows, told_by
from ops.replay.replay import Deployment
from ops.replay.stored_windows import OpenItem, StoredWindows


class Watcher:
    """Who is told of each alert that an evaluation changes; this one listens to nothing."""

    def changed(self, update: AlertUpdate, told: Sequence[Transition]) -> None:
        """An alert changed, and the messages of these transitions left."""


@dataclass
class _WatchedAlerts(MemoryAlerts):
    """Alerts that keep no past: a day of many that fire would not fit."""

    watcher: Watcher = field(default_factory=Watcher)
    # Those that are not settled.
    _open: set[AlertKey] = field(default_factory=set)

    def open_keys(self) -> list[AlertKey]:
        """The alerts that are not healthy."""
        return sorted(self._open)

    def save(self, update: AlertUpdate, known: StoredAlert | None, now_s: float) -> bool:
        """Writes an alert if it is the known one, and tells of it."""
        key = AlertKey.of(update.alert) if known is None else known.key
        if self.stored.get(key) is not known:
            return False
        self.stored[key] = StoredAlert(key, update.alert, 1 if known is None else known.version + 1)
        if update.alert.is_settled:
            self._open.discard(key)
        else:
            self._open.add(key)
        self.watcher.changed(update, _told(update, now_s))
        return True


def _told(update: AlertUpdate, now_s: float) -> Sequence[Transition]:
    """The transitions whose messages leave an outbox that was empty. Of several, one is sent in place of the others."""
    if not update.transitions:
        return ()
    made = [transition for transition in update.transitions if transition.notify]
    if len(update.transitions) == 1:
        return [one for one in made if update.alert.state.is_firing or not one.state.is_firing]
    numbers = {told.body["sequence"] for told in told_by(update, now_s)} if made else ()
    return [transition for transition in made if transition.number in numbers]


@dataclass
class _Side:
    """A set of rules with its own alerts, over windows that all sets share."""

    evaluator: Evaluator
    windows: MemoryWindows


class HistoryReplay:
    """Sets of rules, each with its watcher, in force from `begin_s` on, where an evaluation interval begins."""

    def __init__(
        self,
        sides: Iterable[tuple[Sequence[Rule], Watcher]],
        deployment: Deployment,
        begin_s: int,
        *,
        keep: Callable[[OpenItem], object] = lambda _: None,
    ) -> None:
        """`keep` is given each item of windows, once it is judged."""
        self._timing, self._keep = deployment.timing, keep
        self._reached_s = self._begun_s = begin_s
        self._left_s = 0
        self._shared = MemoryWindows(self._timing)
        self._sides = [
            self._side([_in_force(rule, begin_s) for rule in rules], watcher, deployment)
            for rules, watcher in sides
        ]
        every = [rule for side in self._sides for rule in side.evaluator.rules.rules().rules]
        self._longest_s = max((rule.period_s for rule in every), default=0)
        self._windows = StoredWindows(every, self._timing, deployment.group_cap)

    def _side(self, rules: Sequence[Rule], watcher: Watcher, deployment: Deployment) -> _Side:
        windows = MemoryWindows(self._timing, items=self._shared.items)
        evaluator = Evaluator(
            MemoryRules(rules),
            windows,
            _WatchedAlerts(watcher=watcher),
            self._timing,
            deployment.origin,
            deployment.group_cap,
            PAGE_LIMITS,
            stopwatch=lambda: 0.0,
        )
        return _Side(evaluator, windows)

    def add(self, readings: Readings) -> None:
        """Takes points, of periods that are not judged yet."""
        self._windows.add(readings)

    @paused_collection()
    def judge_until(self, time_s: int) -> None:
        """Evaluates the intervals that end by then, from the points that were added."""
        interval_s = self._timing.interval_s
        for start_s in range(self._reached_s, time_s - interval_s + 1, interval_s):
            item = self._windows.ended(start_s + interval_s, self._known)
            if item is not None:
                self._shared.items[start_s][item.source] = item
            for side in self._sides:
                side.evaluator.evaluate(
                    self._chunk(start_s, side), start_s, start_s, self._timing.ready_at(start_s)
                )
            if item is not None:
                self._keep(item)
            self._shared.forget_before(start_s - 2 * self._longest_s - interval_s)
            self._reached_s = start_s + interval_s

    def skip_until(self, time_s: int) -> int:
        """Leaves the intervals out that begin before then, as in an outage of the evaluation; where it goes on.

        That is where no period of a rule has begun before, as it would lack points.
        """
        every = {rule.period_s for side in self._sides for rule in side.evaluator.rules.rules().rules}
        while any(time_s % period_s for period_s in every):
            time_s += self._timing.interval_s
        self._windows.forget_before(time_s)
        if time_s > self._reached_s:
            # Nothing before the first judged period is known, so a gap at the beginning is none.
            if self._reached_s > self._begun_s or self._left_s:
                self._left_s = self._reached_s
            self._reached_s = self._begun_s = time_s
        return time_s

    def _known(self, selection: Selection) -> frozenset[Group]:
        name = groups_id(selection)
        return frozenset[Group]().union(*(side.windows.known_groups(name).groups for side in self._sides))

    def _chunk(self, start_s: int, side: _Side) -> Chunk:
        """All rules of a side; what lies between its last interval and this one is not made up for."""
        return {
            "index": 0,
            "of": 1,
            "begin": "",
            "end": "",
            "first": start_s,
            "since": side.windows.progress()[0].of("", "").end_s or start_s,
            "begun": self._begun_s,
            "left": self._left_s,
        }


def _in_force(rule: Rule, since_s: int) -> Rule:
    return replace(rule, in_force_since_s=since_s, groups_since_s=since_s)
