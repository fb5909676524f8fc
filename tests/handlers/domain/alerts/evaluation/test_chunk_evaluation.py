"""The evaluation of a chunk, slice by slice and beside other executions."""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from unittest import mock

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handlers.domain.alerts.notifications.stored_alert import AlertKey, AlertUpdate, StoredAlert
from handlers.domain.alerts.periods import MADE_UP_S
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.transition import Transition
from handlers.domain.alerts.windows.progress import KeyRange, Progress, Reached
from ops.replay.memory_ports import MemoryAlerts
from tests.support.alert_pipeline import START
from tests.support.evaluated_minutes import TIMING, Weather, minute
from tests.support.rules import a_rule


def test_an_outage_that_is_not_made_up_for_stands_in_the_history_and_hides_no_dead_host() -> None:
    """Groups that were noted at the last full hour are known after it; open alerts say what was not evaluated."""
    weather = Weather(a_rule(by=["host"], missing_data="missing"))
    for number in range(62):
        weather.post(minute(number) + 5, 1.0, hosts="ab" if number < 50 else "b")
    weather.minutes(0, 61)
    assert weather.heard == ["51:missing"]
    last = 62 + MADE_UP_S // 60 + 40
    weather.execute(int(minute(last)))
    assert weather.heard == ["51:missing", f"{last + 2 - MADE_UP_S // 60}:missing"]
    silent = weather.pipeline.alerts["cpu-hot/cpu.load", ("a",)]
    assert [entry["reason"] for entry in silent.history][-1] == (
        "not evaluated from 2025-11-22T01:02:00Z to 2025-11-22T01:43:00Z"
    )


class Overtaken(MemoryAlerts):
    """Alerts of which one or the other is written by somebody else just before, as told, but each once."""

    def __init__(self, table: MemoryAlerts, is_overtaken: Callable[[], bool]) -> None:
        super().__init__(table.stored, table.updates)
        self._is_overtaken, self._once = is_overtaken, set[AlertKey]()

    def save(self, update: AlertUpdate, known: StoredAlert | None, now_s: float) -> bool:
        """Writes an alert, unless another did."""
        key = AlertKey.of(update.alert)
        if key not in self._once and self._is_overtaken():
            self._once.add(key)
            return False
        return super().save(update, known, now_s)


POINTS = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from([1.0, 9.0]),
        st.sampled_from("ab"),
        # What is written within 5 s after an interval was ready counts with it or with the next.
        st.integers(0, 300).filter(lambda delay: not 11 < (5 + delay) % 60 <= 16),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    POINTS,
    st.lists(st.integers(0, 14), min_size=1, max_size=14),
    st.sampled_from(["ignore", "missing", "breaching"]),
    st.sampled_from(["1 of 1", "2 of 3"]),
)
# A period between the end of an alert and its next beginning, of which nothing is written in time.
@example(
    [(0, 9.0, "b", 0), (1, 1.0, "b", 0), (2, 1.0, "b", 0), (3, 1.0, "b", 0), (4, 9.0, "b", 0)],
    [0],
    "ignore",
    "1 of 1",
)
def test_whichever_executions_die_or_come_late_the_transitions_are_those_of_all_in_time(
    points: list[tuple[int, float, str, int]], executed: list[int], policy: str, datapoints: str
) -> None:
    """Executions for any intervals, in any order, at any later time, and one at the end."""
    rule = a_rule(by=["host"], missing_data=policy, datapoints=datapoints, recovery={"datapoints": 2})
    in_time, later = Weather(rule), Weather(rule)
    written = sorted(points, key=lambda item: item[0] * 60 + item[3])
    for weather in (in_time, later):
        pending = list(written)
        for number in range(15):
            while pending and pending[0][0] * 60 + 5 + pending[0][3] <= number * 60 + 71:
                at, value, host, delay = pending.pop(0)
                weather.post(minute(at) + 5, value, written_s=minute(at) + 5 + delay, hosts=host)
            if weather is in_time:
                weather.execute(int(minute(number)))
    for number in [*executed, 14]:
        later.execute(int(minute(number)))

    def told(weather: Weather) -> list[tuple[Group, Transition]]:
        found = [(group, item) for _, group, item in weather.pipeline.transitions]
        return sorted(found, key=lambda one: (one[1].at_s, str(one[0])))

    assert told(later) == told(in_time)


@mock.patch("handlers.domain.alerts.evaluation.slice_evaluation.MERGING_S", math.inf)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    POINTS,
    st.lists(st.sampled_from([0.0, 1.0, 4.0, 20.0]), min_size=1, max_size=9),
    st.lists(st.booleans(), max_size=9),
    st.lists(st.integers(0, 14), max_size=4),
)
def test_however_few_rules_a_slice_has_time_for_the_transitions_are_those_of_all_at_once(
    points: list[tuple[int, float, str, int]], paces: list[float], refused: list[bool], executed: list[int]
) -> None:
    """What is left of a chunk is evaluated from the same windows, also where alerts are written by others meanwhile."""
    policies = ("missing", "ignore", "breaching", "missing", "not_breaching")
    rules = [
        a_rule(rule_id=f"r{number}", by=["host"], missing_data=policy, threshold=2 + 3 * number)
        for number, policy in enumerate(policies)
    ]
    whole, parts = Weather(*rules), Weather(*rules)
    watch, moments = itertools.accumulate(itertools.cycle([*paces, 0.0])), iter(refused)
    parts.pipeline.evaluator = replace(
        parts.pipeline.evaluator,
        stopwatch=watch.__next__,
        alerts=Overtaken(parts.pipeline.table, lambda: next(moments, False)),
    )
    for weather in (whole, parts):
        for at, value, host, delay in sorted(points, key=lambda item: item[0] * 60 + item[3]):
            weather.post(minute(at) + 5, value, written_s=minute(at) + 5 + delay, hosts=host)
        for number in [*(sorted(executed) if weather is parts else []), 14]:
            weather.execute(int(minute(number)))
    told = [
        sorted(
            ((rule_id, str(group), item) for rule_id, group, item in weather.pipeline.transitions),
            key=lambda one: (one[2].at_s, *one[:2]),
        )
        for weather in (whole, parts)
    ]
    assert told[0] == told[1]


def test_a_slice_evaluates_as_many_rules_as_it_has_time_for() -> None:
    """At least one; what is left is noted, and the next slice begins with it."""
    rules = [a_rule(rule_id=f"r{number}", by=["host"]) for number in range(4)]
    weather = Weather(*rules)
    weather.post(START + 5, 9.0)
    evaluator = replace(weather.pipeline.evaluator, stopwatch=itertools.count(0, 4).__next__)
    weather.pipeline.windows.advance(KeyRange(), Reached(START, START), START)
    fired = []
    for _ in range(9):
        plan = evaluator.plan(START, TIMING.ready_at(START))
        if not plan["found"]:
            break
        [chunk] = plan["chunks"]
        outcome = evaluator.evaluate(chunk, plan["first"], plan["last"], TIMING.ready_at(START))
        fired.append([rule_id for rule_id, _, _ in weather.pipeline.transitions])
        assert outcome.behind is (len(fired[-1]) < 4)
    assert len(fired) > 1
    assert fired[-1] == ["r0", "r1", "r2", "r3"]
    assert [len(one) for one in fired] == sorted({len(one) for one in fired})
    assert weather.pipeline.windows.progress()[0] == Progress((("", Reached(START + 60, START)),))
