"""Datapoints: the verdict of a period, and that without the points that came late."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.domain.alerts.evaluation.datapoint import evaluate_datapoint
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.rules.rule import Condition, Operator, Rule
from handlers.domain.alerts.state.alert import Verdict
from handlers.domain.alerts.windows.merging import GroupAggregate
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.statistics.counters import Counters
from tests.support.alert_pipeline import a_point, an_aggregate
from tests.support.rules import a_ratio, a_rule

START = 1_763_769_600


@pytest.mark.parametrize(
    ("policy", "on_time"),
    [("ignore", None), ("missing", "missing"), ("breaching", "breaching"), ("not_breaching", "recovered")],
)
def test_a_period_that_had_only_late_points_was_without_data_before(policy: str, on_time: str | None) -> None:
    """Its verdict on time is what the rule says of missing data; of a group that was not known there was none."""
    rule = a_rule(missing_data=policy)

    def verdict(**known: Any) -> Verdict | None:
        found = evaluate_datapoint(rule, START, an_aggregate(9, late=True), **known)
        assert found is not None
        assert (found.verdict, found.late) == (Verdict.BREACHING, True)
        return found.on_time

    assert verdict() == on_time
    assert verdict(known_on_time=False) is None


def test_the_verdict_on_time_is_that_of_the_points_in_time() -> None:
    """What came late is in the value, and not in the verdict beside it."""
    both = GroupAggregate(StatisticSet.of([3, 0, 0]), (), late=True, on_time=StatisticSet.of([3]))
    found = evaluate_datapoint(a_rule(), START, both)
    assert found is not None
    assert (found.value, found.verdict, found.on_time) == (1.0, Verdict.RECOVERED, Verdict.BREACHING)
    assert found.without_late() is not None


def test_missing_data_of_a_group_that_only_late_points_made_known_is_late_itself() -> None:
    """Without them there would be no datapoint."""
    found = evaluate_datapoint(a_rule(missing_data="missing"), START, None, known_on_time=False)
    assert found is not None
    assert (found.verdict, found.without_late()) == (Verdict.MISSING, None)


def test_a_sum_larger_than_any_double_is_the_largest() -> None:
    """Values are exact when they are compared; what is shown is a double."""
    found = evaluate_datapoint(a_rule(statistic="sum"), START, an_aggregate(1e100, *[1.7e308] * 2))
    assert found is not None
    assert (found.value, found.verdict) == (1.7976931348623157e308, Verdict.BREACHING)


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [("ignore", None), ("missing", "missing"), ("breaching", "breaching"), ("not_breaching", "recovered")],
)
def test_points_that_give_no_value_are_no_data(policy: str, verdict: str | None) -> None:
    """The first point of a counter says nothing; of a group that was not known before, not even that it is silent."""
    rule = a_rule(statistic="increase", missing_data=policy)
    points = [a_point(START, 5)]
    first = GroupAggregate(StatisticSet.of([5], counters=Counters.of(points)))
    found = evaluate_datapoint(rule, START, first)
    assert (found and found.verdict, found and found.count) == (verdict, verdict and 1)
    assert evaluate_datapoint(rule, START, first, known=False) is None


def test_counters_go_on_from_the_period_before_once_the_rule_was_in_force_in_it() -> None:
    """Before, nobody may have kept all of their points."""
    rule = a_rule(statistic="rate", threshold=1, in_force_since=START - 60)
    before, points = Counters.of([a_point(START - 5, 7)]), Counters.of([a_point(START, 127)])
    aggregate = GroupAggregate(StatisticSet.of([127], counters=points), before=before)
    found = evaluate_datapoint(rule, START, aggregate)
    assert found is not None
    assert (found.value, found.verdict) == (2.0, Verdict.BREACHING)
    assert evaluate_datapoint(replace(rule, in_force_since_s=START - 59), START, aggregate) is None


NUMBERS = st.one_of(
    st.sampled_from([0.1, 0.2, 0.3, 0.7, 1.0, 3.0, -0.1, 1e300, 1.7e308, 5e-324]),
    st.floats(allow_nan=False, allow_infinity=False),
)


def exact_of(statistic: str, values: Sequence[float]) -> Fraction:
    """The value of a statistic by fractions, each double being the decimal number that it is written as."""
    numbers = [Fraction(repr(value)) for value in values]
    match statistic:
        case "avg":
            return sum(numbers, Fraction(0)) / len(numbers)
        case "sum":
            return sum(numbers, Fraction(0))
        case "min":
            return min(numbers)
        case "max":
            return max(numbers)
    return Fraction(len(numbers))


def nearest_double(value: Fraction) -> float:
    """The double that is shown of a value."""
    try:
        return float(value)
    except OverflowError:
        return sys.float_info.max if value > 0 else -sys.float_info.max


@settings(max_examples=300, deadline=None)
@given(
    st.lists(NUMBERS, min_size=1, max_size=4),
    st.sampled_from(["avg", "sum", "min", "max", "count"]),
    st.sampled_from([">", ">=", "<", "<=", "==", "!="]),
    st.data(),
)
def test_a_verdict_is_that_of_the_exact_value_however_near_it_is_to_a_bound(
    values: list[float], statistic: str, operator: str, data: st.DataObject
) -> None:
    """Doubles tell it where they differ from the bounds; the sum of 0.1 and 0.2 is 0.3."""
    exact = exact_of(statistic, values)
    near = st.sampled_from([nearest_double(exact), *values])
    threshold = data.draw(st.one_of(near, NUMBERS)) + 0.0
    rule = a_rule(statistic=statistic, operator=operator, missing_data="ignore")
    rule = replace(rule, condition=Condition(Operator(operator), (threshold,)))
    found = evaluate_datapoint(rule, START, an_aggregate(*values))
    assert found is not None
    assert found.value == nearest_double(exact)
    assert (found.verdict is Verdict.BREACHING) == rule.condition.holds(exact)
    if found.verdict is not Verdict.BREACHING:
        stays = rule.recovery.condition.holds(exact)
        assert found.verdict is (Verdict.BETWEEN if stays else Verdict.RECOVERED)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(NUMBERS, min_size=1, max_size=3),
    st.lists(NUMBERS, max_size=3),
    st.sampled_from(["sum", "count"]),
    st.data(),
)
def test_a_ratio_is_judged_by_its_exact_value(
    below: list[float], above: list[float], statistic: str, data: st.DataObject
) -> None:
    """However near it is to the bound, and its denominator to the floor."""
    over, under = exact_of(statistic, above) if above else Fraction(0), exact_of(statistic, below)
    sides = {name: {"metric_name": name, "statistic": statistic} for name in ("numerator", "denominator")}
    floor = data.draw(st.sampled_from([1.0, 2.0, max(1.0, nearest_double(under))]))
    rule = read_rule(a_ratio(**sides))
    assert rule.ratio is not None
    rule = replace(rule, ratio=replace(rule.ratio, at_least=floor))
    aggregate = replace(a_side(*below), numerator=a_side(*above) if above else None)
    if under < Fraction(repr(floor)):
        assert evaluate_datapoint(rule, START, aggregate) is None
        return
    threshold = data.draw(st.one_of(st.just(nearest_double(over / under)), NUMBERS)) + 0.0
    rule = replace(rule, condition=replace(rule.condition, bounds=(threshold,)))
    found = evaluate_datapoint(rule, START, aggregate)
    assert found is not None
    assert found.value == nearest_double(over / under)
    assert (found.verdict is Verdict.BREACHING) == rule.condition.holds(over / under)


def a_side(*values: float, late: bool = False) -> GroupAggregate:
    """The values of one side of a ratio."""
    return GroupAggregate(StatisticSet.of(values), late=late)


@pytest.mark.parametrize(
    ("below", "above", "value"),
    [(20, 3, 0.15), (20, 0, 0.0), (4, 1, 0.25), (3, 3, None)],
    ids=["enough", "no errors", "just enough", "too few"],
)
def test_a_ratio_is_exact_and_needs_enough_below(below: int, above: int, value: float | None) -> None:
    """Without points of the numerator it is 0, and below the floor there is none."""
    found = a_side(*[1.0] * below)
    if above:
        found = replace(found, numerator=a_side(*[1.0] * above))
    datapoint = evaluate_datapoint(read_rule(a_ratio()), START, found)
    assert (datapoint and datapoint.value) == value


def test_a_numerator_that_a_cap_left_out_is_not_taken_for_none() -> None:
    """What is not known is no ratio."""
    assert (
        evaluate_datapoint(read_rule(a_ratio()), START, replace(a_side(*[1.0] * 9), lacks_numerator=True))
        is None
    )


def test_late_points_of_a_numerator_are_late() -> None:
    """Without them the ratio was another one."""
    rule: Rule = read_rule(a_ratio())
    found = replace(a_side(*[1.0] * 10), numerator=a_side(1.0, 1.0, late=True))
    datapoint = evaluate_datapoint(rule, START, found)
    assert datapoint is not None
    assert (datapoint.verdict, datapoint.late, datapoint.on_time) == (
        Verdict.BREACHING,
        True,
        Verdict.RECOVERED,
    )


def test_a_ratio_of_counters_is_that_of_their_growth() -> None:
    """Three of six requests."""
    below, above = (
        GroupAggregate(
            StatisticSet.of([0.0], counters=Counters.of([a_point(START, first), a_point(START + 9, last)]))
        )
        for first, last in ((1, 7), (2, 5))
    )
    grown = read_rule(
        a_ratio(
            numerator={"metric_name": "a", "statistic": "increase"},
            denominator={"metric_name": "b", "statistic": "increase"},
        )
    )
    datapoint = evaluate_datapoint(grown, START, replace(below, numerator=above))
    assert datapoint is not None
    assert datapoint.value == 0.5
