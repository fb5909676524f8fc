"""Tests of rules, run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handlers.adapters.timestream.limits import store_limits
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.alert import SUMMARY_GROUP
from ops.replay.replay import Deployment
from ops.rule_tests.model import DEFAULT_START_S, Expectation, Happening, RuleTest, Series
from ops.rule_tests.running import run_test
from ops.rule_tests.series import read_series
from tests.support.rules import a_ratio, a_rule

START = DEFAULT_START_S
DEPLOYMENT = Deployment(Timing(), Origin("eu-west-1", "test"), 1_000, store_limits(30))


def series(text: str, name: str = "cpu.load", interval_s: int = 60, **dimensions: str) -> Series:
    """A series from the test's start on."""
    places = read_series(text)
    return Series(1, name, "application", dimensions, START, interval_s, places.points, places.length)


def happenings(some: Mapping[str, Any] | None) -> Sequence[Happening] | None:
    """Happenings by `minute first`, with a value where one is given."""
    if some is None:
        return None
    found = []
    for key, value in some.items():
        minute, word = key.split()
        first = "kind" if word.islower() else "state"
        fields = {first: word} | ({} if value is ... else {"value": value})
        found.append(Happening(START + 60 * int(minute), fields))
    return found


def differences(
    rule: Rule,
    points: Sequence[Series],
    transitions: Mapping[str, Any] | None = None,
    notifications: Mapping[str, Any] | None = None,
    group: tuple[str | None, ...] = (),
) -> list[str]:
    """The differences between what is expected of one group and what the rule does."""
    expectation = Expectation(9, rule, group, happenings(transitions), happenings(notifications))
    return list(
        run_test(RuleTest(Path("t.yaml"), 1, "t", START, points, [expectation]), DEPLOYMENT).differences
    )


@pytest.mark.parametrize(
    ("statistic", "threshold", "text", "transitions"),
    [
        ("avg", 2, "1 3 _", {"2 ALARM": 3.0}),
        ("sum", 2, "1 3 1", {"2 ALARM": 3.0, "3 OK": 1.0}),
        ("min", 2, "1 3 1", {"2 ALARM": 3.0, "3 OK": 1.0}),
        ("max", 2, "1 3 1", {"2 ALARM": 3.0, "3 OK": 1.0}),
        ("count", 0, "_ 3 _", {"2 ALARM": 1.0, "3 OK": 0.0}),
        ("p99", 2, "1 3 1", {"2 ALARM": 3.0, "3 OK": 1.0}),
        ("p50", 2, "1 3 1", {"2 ALARM": 3.0, "3 OK": 1.0}),
        ("increase", 60, "0+10x2 100+100x1 201", {"4 ALARM": 80.0, "6 OK": 1.0}),
        ("rate", 1, "0+10x2 100+100x1 201", {"4 ALARM": 80 / 60, "6 OK": 1 / 60}),
    ],
)
def test_every_statistic_can_be_tested(
    statistic: str, threshold: float, text: str, transitions: Mapping[str, Any]
) -> None:
    """A point a minute, each a period; only counters look at the one before."""
    rule = a_rule(statistic=statistic, threshold=threshold, operator=">")
    assert differences(rule, [series(text)], transitions) == []


def test_a_deviation_can_be_tested() -> None:
    """Two points in a period have one."""
    rule = a_rule(statistic="stddev", threshold=2)
    assert differences(rule, [series("1 9 1 1", interval_s=30)], {"1 ALARM": 4.0, "2 OK": 0.0}) == []


def test_a_ratio_can_be_tested() -> None:
    """Both sides have series of their own, and below the floor there is no ratio."""
    rule = read_rule(a_ratio())
    failing = series("1x7", "http.errors", 15, service="shop", status="500")
    requests = series("1x7", "http.requests", 15, service="shop")
    assert differences(rule, [failing, requests], {"1 ALARM": 1.0}, group=("shop",)) == []
    few = series("1x3", "http.requests", 30, service="shop")
    assert differences(rule, [failing, few], {}, group=("shop",)) == []


def test_points_that_come_late_change_what_was_judged() -> None:
    """The period is looked up again with the interval after they came, up to an hour after it."""
    rule = a_rule(threshold=2, datapoints="2 of 5")
    assert differences(rule, [series("1 3 1 1 3@90s 1 1 1")], {"6 ALARM": 3.0, "7 OK": ...}) == []
    assert differences(rule, [series("1 3 1 1 3@61m 1x70")], {}) == []


def test_points_may_come_in_any_order() -> None:
    """A point that comes after younger ones, in time for its period, is as good as another."""
    rule = a_rule(statistic="increase", threshold=25)
    expected = {"2 ALARM": 30.0, "3 OK": 0.0}
    shuffled = series("0@9s 0 0@30s 10@25s 20 30 30@1s 30 30", interval_s=20)
    assert differences(rule, [shuffled], expected) == []


def test_what_differs_stands_beside_what_was_expected() -> None:
    """The group, the line of the expectation, what was expected, and all that happened."""
    rule = a_rule(by=["host"], threshold=2)
    found = differences(rule, [series("1 3 1", host="a")], {"3 ALARM": 3.5}, {}, group=("a",))
    assert found == [
        "cpu-hot {host: a}, transitions (line 9):",
        "  expected: 3m ALARM, value 3.5",
        "  actual:   2m ALARM, value 3; 3m OK, value 1",
        "cpu-hot {host: a}, notifications (line 9):",
        "  expected: none",
        "  actual:   2m alarm, state 'ALARM', value 3; 3m resolved, state 'OK', value 1",
    ]


def test_a_group_of_which_nothing_is_expected_must_stay_quiet() -> None:
    """Another group of the rule that fires fails the test."""
    points = [series("3", host="a"), series("3", host="b")]
    [found] = differences(a_rule(by=["host"], threshold=2), points, {"1 ALARM": 3.0}, group=("a",))
    assert found.startswith("cpu-hot {host: b}: nothing is expected of this group; actual: 1m ALARM, value 3")


def test_the_summary_of_an_hour_can_be_expected() -> None:
    """What a cap held back is an expectation of its own; without one it is a group of which nothing is expected."""
    rule = a_rule(by=["host"], messages_per_hour=1)
    points = [series("9x61", host=host) for host in "abc"]
    summary = [Happening(START + 3_600, {"kind": "alarm", "alarms": 2.0, "firing": 2.0})]
    hosts = [Expectation(9, rule, (host,), None, None) for host in "abc"]

    def found(*more: Expectation) -> Sequence[str]:
        test = RuleTest(Path("t.yaml"), 1, "t", START, points, [*hosts, *more])
        return run_test(test, DEPLOYMENT).differences

    assert found(Expectation(9, rule, SUMMARY_GROUP, None, summary)) == []
    [told] = found()
    assert told.startswith("cpu-hot (summary): nothing is expected of this group; actual: 1h ALARM")
    wrong = [replace(summary[0], fields={"kind": "alarm", "alarms": 3.0})]
    assert found(Expectation(9, rule, SUMMARY_GROUP, None, wrong))[1:] == [
        "  expected: 1h alarm, alarms 3",
        "  actual:   1h alarm, state 'ALARM', value null, alarms 2",
    ]


def test_a_point_that_the_pipeline_refuses_fails_the_test() -> None:
    """Nothing is left out in silence: a test of points that never arrive tests nothing."""
    [found] = differences(a_rule(), [series("1", host="a\n")], {})
    assert found.startswith("the pipeline does not take a point of the test: ")


def test_a_percentile_is_compared_within_its_error() -> None:
    """The sketch tells it within 2 %, so that is what a test may ask for."""
    rule, points = a_rule(statistic="p50", threshold=2), [series("100 101.3 102", interval_s=20)]
    assert differences(rule, points, {"1 ALARM": 101.3}) == []
    assert differences(rule, points, {"1 ALARM": 105.0}) != []


def test_the_test_ends_with_its_last_place() -> None:
    """Gaps at the end are time that passes."""
    rule = a_rule(statistic="count", operator="<", threshold=1)
    assert differences(rule, [series("1 _x2 1")], {"2 ALARM": 0.0, "4 OK": 1.0}) == []
    assert differences(rule, [series("1")], {}) == []
