"""The evaluator in bad weather: late, twice, after outages, over the cap, over rules that change."""

import random
from dataclasses import replace

import pytest

from handlers.domain.alerts.periods import MADE_UP_S, Timing
from handlers.domain.alerts.windows.known_groups import KnownGroups, groups_id
from handlers.domain.errors import ConfigurationError
from handlers.vocabulary import Severity
from tests.support.alert_pipeline import START
from tests.support.evaluated_minutes import Weather, minute
from tests.support.rules import a_rule


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
