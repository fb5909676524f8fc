"""Datapoints at the edges of a rule's beginning and of the cap of groups."""

from typing import Any

from handlers.domain.alerts.evaluation.datapoint import evaluate_datapoint
from handlers.domain.alerts.windows.aggregation import WindowAggregate
from handlers.domain.alerts.windows.merging import GroupAggregate, MergedWindow
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from tests.support.alert_pipeline import a_window
from tests.support.rules import a_rule

START = 1_763_769_600


def test_a_rule_in_force_since_the_middle_of_a_period_evaluates_only_what_a_part_can_say() -> None:
    """Missing data, sums and counts of a part say nothing, unless more points could not undo the breach."""

    def verdict(window: MergedWindow, start: int = START, **fields: Any) -> str | None:
        found = evaluate_datapoint(a_rule(in_force_since=START + 30, **fields), start, window, ())
        return None if found is None else str(found.verdict)

    part = a_window(3, 4)
    assert verdict(a_window(), missing_data="breaching") is None
    assert verdict(part, statistic="sum", operator="<", threshold=10) is None
    assert verdict(part, statistic="count", operator="<", threshold=10) is None
    assert verdict(a_window(-1, 9), statistic="sum", threshold=6) is None
    assert verdict(part, statistic="sum", threshold=6) == "breaching"
    assert verdict(part, statistic="count", threshold=1) == "breaching"
    assert verdict(part, statistic="avg") == "breaching"
    assert verdict(part, START + 60, statistic="sum", operator="<", threshold=10) is not None


def test_a_period_without_points_is_a_count_of_zero() -> None:
    """Its datapoint has the value 0, so a message says 0 and not that data is missing; with `ignore` there is none."""
    rule = a_rule(statistic="count", operator="<", threshold=5)
    found = evaluate_datapoint(rule, START, MergedWindow(), ())
    assert found is not None
    assert (str(found.verdict), found.value, found.count) == ("breaching", 0.0, 0)
    ignoring = a_rule(statistic="count", operator="<", threshold=5, missing_data="ignore")
    assert evaluate_datapoint(ignoring, START, MergedWindow(), ()) is None


def test_groups_beyond_the_cap_are_unknown_and_not_missing() -> None:
    """A group that a cap keeps out changes no state, whatever the rule says of missing data."""
    period = MergedWindow(dict(a_window(1).groups), dropped=1, last_kept=b"")
    assert evaluate_datapoint(a_rule(missing_data="breaching", by=["host"]), START, period, ("z",)) is None
    assert WindowAggregate({}).dropped == 0


def test_a_period_that_was_over_before_its_rule_says_nothing() -> None:
    """Late points, or an interval that is evaluated again, would fire a rule by what came before it."""
    window = MergedWindow({("a",): GroupAggregate(StatisticSet.of([9.0]))})
    over = a_rule(by=["host"], in_force_since=START + 60)
    assert evaluate_datapoint(over, START, window, ("a",)) is None
    assert (
        evaluate_datapoint(a_rule(by=["host"], in_force_since=START + 59), START, window, ("a",)) is not None
    )
