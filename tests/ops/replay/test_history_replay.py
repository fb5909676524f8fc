"""A replay of history: the alerts that the live functions made of the same points."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest

from handlers.adapters.timestream.limits import store_limits
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertUpdate
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.state.decision import Decision
from handlers.domain.alerts.state.protocol import decide
from handlers.domain.alerts.state.transition import Transition
from ops.history.asked import Readings, asked_of
from ops.replay.history_replay import HistoryReplay, Watcher
from ops.replay.replay import Deployment
from tests.support.punctual_world import Lived, Told, live
from tests.support.reference_evaluator import RawPoint
from tests.support.replays import DEPLOYMENT
from tests.support.rules import a_rule

# A seed is some hundred milliseconds; thousands were tried.
_SEEDS = 4


class Noted(Watcher):
    """Transitions and messages."""

    def __init__(self) -> None:
        self.transitions: set[Told] = set()
        self.messages: set[Told] = set()

    def changed(self, update: AlertUpdate, told: Sequence[Transition]) -> None:
        """Notes what became of an alert."""
        key, group = update.alert.rule_key, update.alert.group
        for entry in update.alert.history:
            value = entry["periods"][-1]["value"] if entry["periods"] else None
            said = entry["from"], entry["to"], entry["kind"], entry["reason"], entry["late"], value
            self.transitions.add(Told(key, group, entry["at"], said))
        for one in told:
            self.messages.add(Told(key, group, one.at_s, (str(one.kind), one.value, one.number)))


def replayed(world: Lived) -> Noted:
    """The same points and rules, a part of the time after another."""
    noted = Noted()
    timing = Timing(world.settings.tick, world.settings.grace)
    deployment = Deployment(timing, Origin("eu-west-1", "test"), world.settings.groups, store_limits(30))
    replay = HistoryReplay([(world.rules, noted)], deployment, world.begin_s)
    metrics = {metric.metric_name: metric for metric in asked_of(world.rules)}
    for part_s in range(world.begin_s, world.end_s, 1_700):
        alike: dict[Any, list[RawPoint]] = defaultdict(list)
        for point in world.points:
            if part_s <= point.time < part_s + 1_700 and point.metric_name in metrics:
                alike[point.metric_name, point.metric_type, tuple(sorted(point.dimensions.items()))].append(
                    point
                )
        for (name, metric_type, dimensions), points in alike.items():
            metric = metrics[name]
            times = [round(point.time * 1_000) * 1_000_000 // metric.unit_ns for point in points]
            replay.add(
                Readings(metric, metric_type, dimensions, times, [float(point.value) for point in points])
            )
        replay.judge_until(min(part_s + 1_700, world.end_s))
    return noted


def until(told: set[Told], world: Lived) -> set[Told]:
    """Those of the time that is replayed."""
    return {one for one in told if one.at_s <= world.end_s}


def without_words(told: set[Told]) -> set[Told]:
    """Transitions without their reasons, which may name more datapoints where several intervals were made up for."""
    return {one._replace(said=one.said[:3] + one.said[4:]) for one in told}


@pytest.mark.parametrize("seed", range(_SEEDS))
def test_it_makes_the_alerts_that_the_live_functions_made(seed: int) -> None:
    """Each transition and each message, with its time, words and value, of rules of any kind."""
    world = live(seed, troubled=False)
    noted = replayed(world)
    assert noted.transitions == until(world.seen.transitions, world)
    assert noted.messages == until(world.seen.messages, world)


@pytest.mark.parametrize("seed", range(1_000, 1_000 + _SEEDS))
def test_it_makes_the_transitions_of_an_evaluation_in_trouble(seed: int) -> None:
    """Whatever executions died or were late, and made up for: each was as of its own time."""
    world = live(seed)
    made = without_words(replayed(world).transitions)
    assert made == without_words(until(world.seen.transitions, world))


class _Deaf(Watcher):
    """Counts alerts that fire."""

    fired = 0

    def changed(self, update: AlertUpdate, told: Sequence[Transition]) -> None:
        """Counts messages."""
        self.fired += len(told)


def test_after_a_gap_it_goes_on_where_no_period_of_a_rule_reaches_back() -> None:
    """Periods of 45 minutes reach over full hours."""
    begin_s = 1_764_028_800
    rules = [a_rule(), a_rule(rule_id="long", period=2_700, statistic="count", operator="<", threshold=40)]
    watcher = _Deaf()
    replay = HistoryReplay([(rules, watcher)], DEPLOYMENT, begin_s)
    [metric] = asked_of(rules)

    def add(first_s: int, last_s: int) -> None:
        times = [time_s * 10**9 // metric.unit_ns for time_s in range(first_s, last_s, 60)]
        replay.add(Readings(metric, "system", (), times, [1.0] * len(times)))

    add(begin_s, begin_s + 3_600)
    replay.judge_until(begin_s + 3_600)
    assert replay.skip_until(begin_s + 7_200) == begin_s + 8_100
    add(begin_s + 7_200, begin_s + 18_000)
    replay.judge_until(begin_s + 18_000)
    assert not watcher.fired


def test_healthy_groups_are_not_decided_and_no_message_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour of many series: a decision for each minute of those that fire, and none for the others."""
    begin_s, series, minutes, firing = 1_764_028_800, 50, 60, 2
    decided = 0

    def counted(*arguments: Any, **options: Any) -> Decision:
        nonlocal decided
        decided += 1
        return decide(*arguments, **options)

    def written(*_: Any) -> None:
        raise AssertionError("a message was written")

    monkeypatch.setattr("handlers.domain.alerts.state.message_cap.decide", counted)
    monkeypatch.setattr("handlers.domain.alerts.notifications.stored_alert.notification", written)
    rule = a_rule(by=["host"], threshold=90)
    watcher = _Deaf()
    replay = HistoryReplay([([rule], watcher)], DEPLOYMENT, begin_s)
    [metric] = asked_of([rule])
    times = [begin_s // 60 + minute for minute in range(minutes)]
    for number in range(series):
        values = [95.0 if number < firing else 5.0] * minutes
        replay.add(Readings(metric, "system", (("host", f"h{number}"),), times, values))
    replay.judge_until(begin_s + minutes * 60)
    assert (watcher.fired, decided) == (firing, firing * minutes)


def test_sides_are_judged_by_themselves() -> None:
    """Over the same points, also where they are the same rule by its id."""
    begin_s = 1_764_028_800
    strict, lax = _Deaf(), _Deaf()
    sides = [([a_rule(threshold=1)], strict), ([a_rule(threshold=9)], lax)]
    replay = HistoryReplay(sides, DEPLOYMENT, begin_s)
    [metric] = asked_of([a_rule()])
    replay.add(Readings(metric, "system", (), [begin_s // 60, begin_s // 60 + 1], [5.0, 0.0]))
    replay.judge_until(begin_s + 600)
    assert (strict.fired, lax.fired) == (2, 0)
