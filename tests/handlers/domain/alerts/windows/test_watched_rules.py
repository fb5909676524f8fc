"""The rules that a batch is held against."""

from dataclasses import replace
from itertools import combinations

import pytest

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.rules.rule import Condition, Operator, RuleSet
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.rules.statistic import KEPT_ON_DEMAND, Statistic
from handlers.domain.alerts.windows.aggregation import Window, WindowAggregate
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.watched_rules import WatchedRules
from tests.support.rules import STATISTICS, a_ratio, a_rule

# Few numbers, so that values and bounds meet; sums of tenths are those that doubles get wrong.
VALUES = [-0.3, -0.2, 0.0, 5e-324, 0.1, 0.2, 1e308]
BOUNDS = [-0.6, -0.4, -0.3, 0.0, 0.1, 0.3, 1.0, 2.0]
# What counters grew since the period before is known to evaluations alone.
DECIDED = [statistic for statistic in STATISTICS if not statistic.follows_series]
SETS = [
    StatisticSet.of(values, KEPT_ON_DEMAND)
    for count, some in ((1, VALUES), (2, VALUES), (3, VALUES[:5]))
    for values in combinations(some, count)
]


@pytest.mark.parametrize("operator", Operator)
@pytest.mark.parametrize("statistic", DECIDED, ids=str)
def test_a_batch_breaches_when_the_exact_value_of_a_group_does(
    statistic: Statistic, operator: Operator
) -> None:
    """The look at counts and extremes leaves out no group that breaches, and adds none."""
    rule = replace(a_rule(by=["host"]), statistic=statistic)
    name = rule.selection.selection_id
    for bounds in combinations(BOUNDS, 2 if operator.is_range else 1):
        condition = Condition(operator, bounds)
        watched = WatchedRules(RuleSet([replace(rule, condition=condition)]), Timing())
        found = [item.value(statistic) for item in SETS]
        holding = [value is not None and condition.holds(value) for value in found]
        alone = [watched.breached({Window(name, 0): WindowAggregate({("a",): item})}, 60) for item in SETS]
        assert alone == holding
        for pair in zip(range(len(SETS)), reversed(range(len(SETS))), strict=True):
            sets: dict[Group, StatisticSet] = {(str(place),): SETS[place] for place in pair}
            breached = watched.breached({Window(name, 0): WindowAggregate(sets)}, 60)
            assert breached is any(holding[place] for place in pair)


def test_only_windows_that_end_in_time_breach_and_any_of_their_rules_may() -> None:
    """A window that goes on is not judged by what it has so far."""
    rules = [a_rule(by=["host"], threshold=9), a_rule(by=["host"], rule_id="lower", threshold=2)]
    watched = WatchedRules(RuleSet(rules), Timing())
    window = Window(rules[0].selection.selection_id, 0)
    windows = {window: WindowAggregate({("a",): StatisticSet.of([3.0])})}
    assert watched.breached(windows, 60)
    assert not watched.breached(windows, 59)
    assert not watched.breached({window: WindowAggregate({})}, 60)


@pytest.mark.parametrize("statistic", ["increase", "rate"])
def test_points_of_counters_start_the_evaluation_of_their_period(statistic: str) -> None:
    """They may breach by what the series were at before, and no other batch may come after this one."""
    rule = a_rule(statistic=statistic)
    windows = {Window(rule.selection.selection_id, 0): WindowAggregate({(): StatisticSet.of([0.0])})}
    assert WatchedRules(RuleSet([rule]), Timing()).breached(windows, 60)


def test_either_side_of_a_ratio_starts_the_evaluation_and_counts_for_the_rule() -> None:
    """The one side says nothing without the other."""
    rule = read_rule(a_ratio())
    watched = WatchedRules(RuleSet([rule]), Timing())
    for selection in rule.asked:
        windows = {Window(selection.selection_id, 0): WindowAggregate({("a",): StatisticSet.of([0.0])})}
        assert watched.breached(windows, 60)
        assert watched.by_selection[selection.selection_id] == [rule]
    assert set(watched.index.by_metric) == {"http.errors", "http.requests"}


def test_rules_whose_periods_are_no_whole_intervals_are_left_out_and_counted() -> None:
    """As after a change of the interval: they cannot be evaluated."""
    known = RuleSet([a_rule(period=20), a_rule(rule_id="usable")], unreadable=2)
    watched = WatchedRules(known, Timing())
    assert [rule.rule_id for rule in watched.rules] == ["usable"]
    assert watched.unreadable == 3


def test_they_stay_while_the_rules_are_equal() -> None:
    """The table is read again each ten seconds, and nearly always says the same."""
    watched = WatchedRules(RuleSet([a_rule()]), Timing())
    assert watched.are_of(RuleSet((a_rule(),)))
    assert not watched.are_of(RuleSet([a_rule(threshold=3)]))
    assert not watched.are_of(RuleSet([]))
