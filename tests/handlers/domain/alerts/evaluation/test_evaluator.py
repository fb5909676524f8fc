"""The evaluator in bad weather: late, twice, after outages, over the cap, over rules that change."""

import itertools
import json
import math
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handlers.domain.alerts.evaluation.evaluator import FIRST_LOOK_BACK_S
from handlers.domain.alerts.notifications.stored_alert import AlertKey, AlertUpdate, StoredAlert
from handlers.domain.alerts.periods import MADE_UP_S, Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.transition import Transition
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.domain.alerts.windows.known_groups import KnownGroups, groups_id
from handlers.domain.alerts.windows.progress import KeyRange, Progress, Reached
from handlers.domain.errors import ConfigurationError
from handlers.vocabulary import Severity
from ops.replay.memory_ports import MemoryAlerts
from tests.support.alert_pipeline import Pipeline, a_point
from tests.support.rules import a_rule

TIMING = Timing()
START = 1_763_769_600


class Weather:
    """A pipeline that is written to and evaluated by the minute."""

    def __init__(self, *rules: Rule, timing: Timing = TIMING, group_cap: int = 1_000) -> None:
        self.pipeline = Pipeline(rules, timing, group_cap)
        self.timing, self.sequence = timing, 0

    def post(
        self, at_s: float, value: float, *, written_s: float | None = None, hosts: Iterable[str] = "a"
    ) -> None:
        """A batch with a point of each host."""
        self.sequence += 1
        batch = BatchRange("s-0", self.sequence, self.sequence)
        points = [a_point(int(at_s), value, host=host) for host in hosts]
        self.pipeline.write(points, batch, at_s if written_s is None else written_s)

    def execute(self, interval_start_s: int) -> None:
        """An execution for this interval, with as many rounds as it needs."""
        evaluator, now_s = self.pipeline.evaluator, self.timing.ready_at(interval_start_s)
        while (plan := evaluator.plan(interval_start_s, now_s))["found"]:
            for chunk in plan["chunks"]:
                evaluator.evaluate(chunk, plan["first"], plan["last"], now_s)

    def minutes(self, first: int, last: int) -> None:
        """An execution for each minute, in time."""
        for minute in range(first, last + 1):
            self.execute(START + 60 * minute)

    @property
    def heard(self) -> list[str]:
        """The transitions that notify, with the minute of the interval's end."""
        return [
            f"{(item.at_s - START) // 60}:{item.kind}"
            for _, _, item in self.pipeline.transitions
            if item.notify
        ]


def minute(number: float) -> float:
    """The time so many minutes after the start."""
    return START + 60 * number


@pytest.mark.parametrize(("tick", "grace"), [(10, 30), (30, 60), (60, 90), (10, 120)])
def test_what_is_written_within_the_grace_counts_also_where_the_grace_is_longer_than_the_tick(
    tick: int, grace: int
) -> None:
    """A breach that is written at any second of the grace is told with its period."""
    for delay in range(1, grace + 1, 3):
        weather = Weather(a_rule(period=tick), timing=Timing(tick, grace))
        weather.post(START + tick - 1, 9.0, written_s=START + tick + delay)
        for start in range(START, START + 300, tick):
            weather.execute(start)
        [(_, _, alarm)] = weather.pipeline.transitions[:1]
        assert (alarm.kind, alarm.at_s, alarm.late) == ("alarm", START + tick, False)


def test_an_interval_that_is_evaluated_again_later_overwrites_nothing() -> None:
    """The breach of an hour was corrected two minutes late; evaluating the hour again does not bring it back."""
    weather = Weather(a_rule(statistic="sum", operator="<", threshold=100, period=3600, in_force_since=START))
    weather.post(minute(30), 95.0)
    weather.minutes(0, 60)
    weather.post(minute(31), 10.0, written_s=minute(62))
    weather.minutes(61, 64)
    assert weather.heard == ["60:alarm", "62:resolved"]
    for again in (59, 60, 61, 62, 63, 64):
        weather.pipeline.evaluate(int(minute(again)))
    assert weather.heard == ["60:alarm", "62:resolved"]


@pytest.mark.parametrize("until", [16, 17, 27, 120, 170])
def test_a_host_that_dies_while_nothing_is_evaluated_is_told_afterwards(until: int) -> None:
    """However long the evaluation was down, as long as it is made up for."""
    weather = Weather(a_rule(by=["host"], missing_data="missing", datapoints=3))
    for number in range(10):
        weather.post(minute(number) + 5, 1.0)
    weather.minutes(0, 9)
    weather.execute(int(minute(until)))
    assert weather.heard == ["13:missing"]


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


def test_a_host_that_began_after_the_last_full_hour_and_died_in_an_outage_is_told() -> None:
    """It is in no note, but in the last period before the outage, whose windows are still there."""
    weather = Weather(a_rule(by=["host"], missing_data="missing", period=300))
    for number in range(70, 80):
        weather.post(minute(number) + 5, 1.0)
    weather.minutes(60, 80)
    last = 80 + MADE_UP_S // 60 + 31
    weather.execute(int(minute(last)))
    assert weather.heard == ["115:missing"]


def test_a_group_that_an_outage_has_outlived_is_forgotten_in_silence() -> None:
    """Before the first interval that is made up for it had no point for `forget_after`."""
    weather = Weather(a_rule(by=["host"], missing_data="missing", forget_after=3_900))
    weather.post(minute(58) + 5, 1.0)
    weather.minutes(58, 58)
    weather.execute(int(minute(59 + MADE_UP_S // 60 + 90)))
    assert weather.heard == []


def test_a_note_of_an_execution_that_is_further_makes_no_group_known() -> None:
    """Two executions make up for the same outage; one has noted an hour that the other has not come to."""
    rule = a_rule(by=["host"], missing_data="missing")
    weather = Weather(rule)
    weather.minutes(0, 1)
    last = 1 + MADE_UP_S // 60 + 90
    further = KnownGroups(frozenset({("b",)}), int(minute(last)))
    weather.pipeline.windows.noted[groups_id(rule.selection)] = further
    weather.execute(int(minute(last)))
    assert weather.heard == []


def test_the_first_evaluation_begins_a_quarter_of_an_hour_back() -> None:
    """A version before this one may have left intervals; what is older than that was its outage."""
    weather = Weather(a_rule())
    for number in (0, 10):
        weather.post(minute(number), 9.0)
    weather.execute(int(minute(20)))
    assert FIRST_LOOK_BACK_S == 900
    assert weather.heard == ["11:alarm"]


def test_periods_before_the_first_evaluation_have_no_datapoint_but_for_late_points() -> None:
    """A point of minute 3 comes in minute 6; of the silence after it, that of minute 4 was never evaluated."""
    weather = Weather(a_rule(by=["host"], missing_data="missing", datapoints="3 of 3"))
    weather.post(minute(3), 1.0, written_s=minute(6) + 40)
    weather.execute(int(minute(20)))
    assert weather.heard == ["8:missing"]


def test_words_that_change_leave_an_alert_as_it_is() -> None:
    """Severity, annotation and reminders say what is sent, not when something fires."""
    rule = a_rule(by=["host"], missing_data="missing", annotation="old")
    weather = Weather(rule)
    weather.post(minute(0), 1.0)
    weather.minutes(0, 3)
    weather.pipeline.rules = [replace(rule, annotation="new", severity=Severity.CRITICAL)]
    weather.minutes(4, 8)
    assert weather.heard == ["2:missing"]
    [alert] = weather.pipeline.alerts.values()
    assert (alert.state, alert.rule["annotation"]) == ("MISSING", "new")


@pytest.mark.parametrize("period", [60, 120, 300])
def test_a_dead_host_goes_missing_again_when_its_rule_changes(period: int) -> None:
    """A changed condition resolves its alerts, but the groups stay known, also where their period is another."""
    fields = {"by": ["host"], "missing_data": "missing", "period": period}
    weather = Weather(a_rule(**fields))
    weather.post(minute(0), 1.0)
    weather.minutes(0, 19)
    weather.pipeline.rules = [
        a_rule(**{**fields, "period": 120}, threshold=5, in_force_since=int(minute(21)), groups_since=0)
    ]
    weather.minutes(20, 40)
    first = 2 * period // 60
    assert weather.heard == [f"{first}:missing", "21:resolved", "24:missing"]


def test_a_healthy_host_that_dies_when_its_rule_changes_goes_missing() -> None:
    """The groups of a rule that asks for the same points stay known: by the period before, and by the last hour."""
    fields = {"by": ["host"], "missing_data": "missing"}
    weather = Weather(a_rule(**fields))
    for number in range(62):
        weather.post(minute(number) + 5, 1.0)
    weather.minutes(0, 61)
    weather.pipeline.rules = [a_rule(**fields, threshold=5, in_force_since=int(minute(62)), groups_since=1)]
    weather.minutes(62, 66)
    assert weather.heard == ["63:missing"]


def test_an_item_from_the_condition_before_does_not_hide_the_first_breach_of_the_new_one() -> None:
    """A healthy alert's item lies there from long ago; it is closed, and the period that is due is looked up."""
    weather = Weather(a_rule(by=["host"]))
    for number, value in enumerate((9.0, 1.0, 1.0, 1.0)):
        weather.post(minute(number), value)
    weather.minutes(0, 3)
    weather.pipeline.rules = [
        a_rule(by=["host"], datapoints=2, in_force_since=int(minute(4)), groups_since=int(minute(4)))
    ]
    weather.post(minute(4), 9.0)
    weather.minutes(4, 4)
    assert [str(item.state) for _, _, item in weather.pipeline.transitions] == ["ALARM", "OK", "PENDING"]


def test_a_rule_that_is_deleted_is_not_evaluated_any_more() -> None:
    """Its alerts are resolved, also where the evaluation was behind and breaches were not judged yet."""
    weather = Weather(a_rule(by=["host"]))
    weather.post(minute(0), 9.0)
    weather.minutes(0, 0)
    weather.post(minute(1), 9.0, hosts="ab")
    weather.pipeline.rules = []
    weather.execute(int(minute(3)))
    assert weather.heard == ["1:alarm", "4:resolved"]


def test_the_period_in_which_a_rule_comes_into_force_is_not_judged() -> None:
    """A part of its points says nothing, whatever the statistic; the history says since when periods are judged."""
    for fields in (
        {"missing_data": "missing"},
        {"statistic": "max"},
        {"statistic": "count", "operator": "<"},
    ):
        weather = Weather(a_rule(by=["host"], in_force_since=int(minute(1)) - 1, **fields))
        weather.post(minute(0), 9.0)
        weather.post(minute(1), 1.0)
        weather.minutes(0, 0)
        assert weather.heard == []
    weather = Weather(a_rule(datapoints="1 of 3", in_force_since=int(minute(1)) - 1))
    weather.post(minute(1), 9.0)
    weather.minutes(0, 1)
    [alert] = weather.pipeline.alerts.values()
    assert alert.history[-1]["judged_from"] == minute(1) - 1


def test_late_is_what_late_points_made() -> None:
    """A breach in time after a late point that changed nothing is not late; a breach by late points is."""
    weather = Weather(a_rule())
    for number, value in enumerate((1.0, 1.0, 1.0, 9.0)):
        weather.post(minute(number), value)
        weather.minutes(number, number)
        if number == 1:
            weather.post(minute(0) + 1, 1.0, written_s=minute(2) + 1)
    assert [(item.kind, item.late) for _, _, item in weather.pipeline.transitions] == [("alarm", False)]
    weather.post(minute(3) + 1, -99.0, written_s=minute(4) + 30)
    weather.minutes(4, 4)
    assert [(item.kind, item.late) for _, _, item in weather.pipeline.transitions][1:] == [("resolved", True)]


def test_more_late_groups_than_can_be_looked_up_again_are_judged_by_their_late_periods(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An evaluation's work is bounded; groups that are only heard of by points too old to count stay unknown."""
    monkeypatch.setattr("handlers.domain.alerts.evaluation.interval_windows.WEIGHT_PER_CHUNK", 0)
    for policy, heard in (("ignore", ["11:alarm"]), ("missing", [])):
        weather = Weather(a_rule(by=["host"], missing_data=policy))
        weather.post(minute(9), 1.0, hosts="b")
        weather.minutes(0, 9)
        weather.post(minute(5), 9.0, written_s=minute(10) + 30)
        weather.minutes(10, 10)
        assert [told for told in weather.heard if told != "11:missing"] == heard


def test_an_interval_whose_windows_take_too_long_is_left_out_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before the function's time is over; the rule is named with what would help, and the next interval counts."""
    weather = Weather(a_rule(by=["host"], missing_data="missing"))
    weather.post(minute(0), 1.0)
    weather.minutes(0, 0)
    weather.post(minute(1), 9.0)
    weather.post(minute(1) + 1, 9.0)
    with monkeypatch.context() as slow:
        slow.setattr("handlers.domain.alerts.evaluation.slice_evaluation.MERGING_S", -1.0)
        told = r"the windows of cpu-hot/cpu\.load at .* alerts\.evaluator_memory_mb"
        with pytest.raises(ConfigurationError, match=told):
            weather.minutes(1, 1)
        assert weather.heard == []
    weather.post(minute(2), 9.0)
    weather.minutes(2, 2)
    assert weather.heard == ["3:alarm"]


def test_a_plan_holds_as_many_chunks_as_a_payload_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are the least far come first, so that with some executions all are evaluated."""
    monkeypatch.setattr("handlers.domain.alerts.evaluation.chunks.RULES_PER_CHUNK", 1)
    monkeypatch.setattr("handlers.domain.alerts.evaluation.evaluator.PLAN_BYTES", 700)
    weather = Weather(*(a_rule(rule_id=f"r{number}") for number in range(7)))
    weather.post(minute(0), 9.0)
    plan = weather.pipeline.evaluator.plan(START, TIMING.ready_at(START))
    assert 1 < len(plan["chunks"]) < 7
    # Chunks are chosen before the times are added until which they hand out, in some 20 bytes each.
    assert len(json.dumps(plan["chunks"])) < 850
    weather.minutes(0, 0)
    assert weather.heard == ["1:alarm"] * 7


def test_recovery_needs_its_datapoints_known_also_after_a_late_correction() -> None:
    """Of a new group one healthy datapoint is not three; of an old one the healthy ones before the breach count."""
    for minutes_before, expected in ((0, ["6:alarm"]), (5, ["6:alarm", "7:resolved"])):
        weather = Weather(a_rule(recovery={"datapoints": 3}))
        for number in range(5 - minutes_before, 5):
            weather.post(minute(number), 1.0)
        weather.post(minute(5), 9.0)
        weather.minutes(0, 5)
        weather.post(minute(5) + 1, -99.0, written_s=minute(6) + 30)
        weather.minutes(6, 6)
        assert weather.heard == expected


def test_healthy_silence_counts_towards_recovery_also_of_a_group_that_is_new() -> None:
    """Nobody needs to be known for silence that is as good as a healthy point: its breach corrected, it is over."""
    weather = Weather(a_rule(by=["host"], missing_data="not_breaching", recovery={"datapoints": 3}))
    weather.post(minute(5), 9.0)
    weather.minutes(0, 5)
    weather.post(minute(5) + 1, -99.0, written_s=minute(6) + 30)
    weather.minutes(6, 6)
    assert weather.heard == ["6:alarm", "7:resolved"]


def test_a_rule_that_is_added_again_begins_anew() -> None:
    """Deleted and added within an interval, the same rule knows neither its alerts nor its groups."""
    fields = {"by": ["host"], "missing_data": "missing"}
    weather = Weather(a_rule(**fields))
    weather.post(minute(0), 9.0)
    weather.minutes(0, 0)
    weather.pipeline.rules = [a_rule(**fields, in_force_since=int(minute(2)), groups_since=int(minute(2)))]
    weather.minutes(1, 5)
    assert weather.heard == ["1:alarm", "2:resolved"]
    [_, resolved] = weather.pipeline.transitions
    assert resolved[2].reason == "the rule was deleted"


def test_an_interval_that_another_execution_evaluated_is_left_to_it() -> None:
    """An execution that was planned before does not judge it by words that came after it."""
    rule = a_rule(by=["host"])
    weather = Weather(rule)
    weather.post(minute(0), 9.0)
    weather.minutes(0, 0)
    plan = weather.pipeline.evaluator.plan(int(minute(1)), minute(2))
    weather.minutes(1, 1)
    weather.pipeline.rules = [replace(rule, renotify_s=60)]
    [chunk] = plan["chunks"]
    weather.pipeline.evaluator.evaluate(chunk, plan["first"], plan["last"], minute(3))
    assert weather.heard == ["1:alarm"]


def test_what_was_left_out_makes_no_datapoint_and_forgets_nobody() -> None:
    """Of an outage of four hours the first is not evaluated: its points only say when a host was last heard."""
    rule = a_rule(by=["host"], missing_data="missing", datapoints=2, forget_after=3_900)
    weather = Weather(rule)
    for number in range(5):
        weather.post(minute(number), 1.0)
    weather.minutes(0, 4)
    weather.post(minute(55), 9.0)
    weather.execute(int(minute(244)))
    # What ended up to minute 65 is left out. Heard of up to minute 56, it is forgotten 65 minutes after that.
    assert weather.heard == ["67:missing", "121:resolved"]


def test_with_ignore_breaches_far_apart_do_not_belong_together() -> None:
    """The last three that there are, of twice as many periods or an hour."""
    weather = Weather(a_rule(datapoints=3))
    for number in (0, 50, 100):
        weather.post(minute(number), 9.0)
        weather.minutes(number, number)
    assert weather.heard == []
    for number in (120, 121):
        weather.post(minute(number), 9.0)
        weather.minutes(number, number)
    assert weather.heard == ["122:alarm"]


@pytest.mark.parametrize("policy", ["ignore", "missing", "breaching"])
def test_a_group_that_is_gone_is_forgotten_and_begins_anew_with_its_next_point(policy: str) -> None:
    """After `forget_after` without a point its alert is resolved, and its silence says nothing more."""
    weather = Weather(a_rule(by=["host"], missing_data=policy, forget_after=7200))
    weather.post(minute(0), 9.0)
    weather.minutes(0, 130)
    assert weather.heard[-1] == "121:resolved"
    [*_, (_, _, resolved)] = weather.pipeline.transitions
    assert (resolved.reason, resolved.value) == ("no data for 7200 s; the group is forgotten", None)
    weather.post(minute(131), 9.0)
    weather.minutes(131, 131)
    assert weather.heard[-1] == "132:alarm"


def test_a_group_is_forgotten_in_the_words_that_its_rule_has_by_then() -> None:
    """Words that were changed since the last evaluation hold for what is sent from then on."""
    weather = Weather(a_rule(by=["host"], forget_after=7200))
    weather.post(minute(0), 9.0)
    weather.minutes(0, 119)
    rule = weather.pipeline.rules[0]
    weather.pipeline.rules = [replace(rule, annotation="new", severity=Severity.CRITICAL)]
    weather.minutes(120, 121)
    assert weather.heard[-1] == "121:resolved"
    [*_, told] = [item for update in weather.pipeline.updates for item in update.notifications]
    assert (told.body["severity"], told.body["annotation"]) == ("critical", "new")


def test_an_explosion_of_groups_makes_at_most_the_cap_of_alerts_and_hides_no_known_host() -> None:
    """Hosts that were there before come first, by the note of the last full hour or of the minute it began."""
    weather = Weather(a_rule(by=["host"], missing_data="missing"), group_cap=20)
    real = [f"real-{number}" for number in range(5)]
    for number in range(20):
        weather.post(minute(number) + 5, 9.0 if number == 15 else 1.0, hosts=real)
        if number >= 10:
            weather.post(minute(number) + 6, 1.0, hosts=[f"junk-{number}-{n}" for n in range(100)])
        weather.minutes(number, number)
    assert len(weather.pipeline.alerts) <= 20
    told = {group[0] for _, group, item in weather.pipeline.transitions if item.kind == "alarm"}
    assert told == set(real)
    note = weather.pipeline.windows.noted[groups_id(weather.pipeline.rules[0].selection)]
    assert {(host,) for host in real} <= note.groups
    assert note.left_out >= 40


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


@pytest.mark.parametrize("seed", range(12))
def test_no_explosion_of_groups_changes_what_is_told_of_known_hosts(seed: int) -> None:
    """With and without strangers far beyond the cap, the same transitions; and never more open alerts than the cap."""
    told = []
    for strangers in (0, 17):
        chance, crowd = random.Random(seed), random.Random(seed)
        policy = chance.choice(("missing", "breaching", "ignore", "not_breaching"))
        rule = a_rule(by=["host"], missing_data=policy, datapoints=chance.choice(("1 of 1", "2 of 3")))
        weather = Weather(rule, group_cap=20)
        dies_at = {host: chance.choice((4, 9, 99)) for host in "abc"}
        for number in range(14):
            for host in "abc":
                if number < dies_at[host]:
                    weather.post(minute(number) + 5, chance.choice((1.0, 9.0)), hosts=[host])
            for batch in range(crowd.choice((0, 0, 1, 3)) if number > 1 else 0):
                names = [f"{number}-{batch}-{stranger}" for stranger in range(strangers)]
                if names:
                    weather.post(minute(number) + 20, crowd.choice((1.0, 9.0)), hosts=names)
            weather.execute(int(minute(number)))
            assert len(weather.pipeline.table.open_keys()) <= 20
        told.append(
            sorted(
                (item.at_s, str(group[0]), str(item.kind), item.state, item.value, item.late)
                for _, group, item in weather.pipeline.transitions
                if group[0] in dies_at
            )
        )
    assert told[0] == told[1]
