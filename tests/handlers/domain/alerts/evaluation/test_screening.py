"""Screening: a group that is passed over surely does not breach, and nearly all healthy ones are."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.evaluation.datapoint import evaluate_datapoint
from handlers.domain.alerts.evaluation.screening import healthy_groups
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.alert import Verdict
from handlers.domain.alerts.windows.merging import GroupSums, MergedWindow
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.statistics.sketch import Sketch
from tests.support.rules import STATISTICS, a_ratio, a_rule

_GROUP = ("a",)
_OPERATORS = (">", ">=", "<", "<=", "==", "!=", "inside", "outside")
# Near to bounds, where doubles and decimals may differ, and at both ends of what there is.
_NUMBERS = (
    st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.30000000000000004, 1.0, 3.0, 1e16, 1e308, 1.7e308, 5e-324, -0.1, -1e308])
    | st.floats(-100, 100)
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip


def window_of(*values: float) -> MergedWindow:
    """A window of one group with these values, all in time."""
    found = StatisticSet.of(values)
    sums = GroupSums(found.count, found.total, found.minimum, found.maximum, "source")
    sums.sketch = Sketch(values)
    return MergedWindow({_GROUP: sums})


def verdict(rule: Rule, window: MergedWindow) -> Verdict | None:
    """The verdict of the group by its exact value."""
    found = evaluate_datapoint(rule, 0, window.aggregate(_GROUP))
    return None if found is None else found.verdict


@given(
    st.sampled_from(STATISTICS),
    st.sampled_from(_OPERATORS),
    st.tuples(_NUMBERS, _NUMBERS).map(sorted),
    st.lists(_NUMBERS, min_size=1, max_size=4),
)
def test_what_is_passed_over_does_not_breach(
    statistic: object, operator: str, bounds: list[float], values: list[float]
) -> None:
    """By no value, however near to a bound, however large its sum."""
    threshold: object = bounds if operator in {"inside", "outside"} else bounds[0]
    try:
        rule = a_rule(by=["host"], statistic=str(statistic), operator=operator, threshold=threshold)
    except ValueError:
        return
    window = window_of(*values)
    if healthy_groups(rule, window):
        assert verdict(rule, window) in {Verdict.BETWEEN, Verdict.RECOVERED}


@pytest.mark.parametrize("statistic", ["avg", "sum", "min", "max", "count", "p99"])
def test_a_healthy_group_is_passed_over(statistic: str) -> None:
    """Of those statistics that doubles can bound."""
    assert healthy_groups(a_rule(by=["host"], statistic=statistic, threshold=90), window_of(1, 2)) == {_GROUP}


@pytest.mark.parametrize("statistic", ["stddev", "increase", "rate"])
def test_others_are_left_to_their_exact_value(statistic: str) -> None:
    """Those that need more than sums and extremes."""
    assert not healthy_groups(a_rule(by=["host"], statistic=statistic, threshold=90), window_of(1, 2))


@given(
    st.tuples(*[st.sampled_from([*STATISTICS, None])] * 2),
    st.sampled_from(_OPERATORS),
    st.tuples(_NUMBERS, _NUMBERS).map(sorted),
    st.sampled_from([1e-308, 1e-9, 1, 3]),
    st.tuples(st.lists(_NUMBERS, max_size=3), st.lists(_NUMBERS, min_size=1, max_size=3)),
)
def test_a_ratio_that_is_passed_over_does_not_breach(
    statistics: tuple[object, object],
    operator: str,
    bounds: list[float],
    at_least: float,
    values: tuple[list[float], list[float]],
) -> None:
    """Whatever it divides, also nothing, by however little."""
    above, below = (
        {"metric_name": name, "statistic": str(statistic)}
        for name, statistic in zip(("m1", "m2"), statistics, strict=True)
    )
    threshold: object = bounds if operator in {"inside", "outside"} else bounds[0]
    document = a_ratio(by=["host"], operator=operator, threshold=threshold, numerator=above)
    try:
        rule = read_rule({**document, "denominator": {**below, "at_least": at_least}})
    except ValueError:
        return
    window = window_of(*values[1])
    window.numerator = window_of(*values[0]) if values[0] else MergedWindow()
    if healthy_groups(rule, window):
        assert verdict(rule, window) in {Verdict.BETWEEN, Verdict.RECOVERED}


def a_ratio_window() -> MergedWindow:
    """Three of a hundred."""
    window = window_of(100)
    window.numerator = window_of(3)
    return window


_SHARE = read_rule(
    a_ratio(
        by=["host"],
        numerator={"metric_name": "failed", "statistic": "sum"},
        denominator={"metric_name": "all", "statistic": "sum", "at_least": 50},
        threshold=0.05,
    )
)


def test_a_healthy_ratio_is_passed_over() -> None:
    """Also where there is nothing to divide."""
    window = a_ratio_window()
    assert healthy_groups(_SHARE, window) == {_GROUP}
    window.numerator = MergedWindow()
    assert healthy_groups(_SHARE, window) == {_GROUP}


def test_a_ratio_that_may_have_no_value_is_left_to_it() -> None:
    """Where the divisor is too small, or the other side came late, or was left out."""
    assert not healthy_groups(
        replace(_SHARE, ratio=_SHARE.ratio and replace(_SHARE.ratio, at_least=100)), a_ratio_window()
    )
    late, left_out = a_ratio_window(), a_ratio_window()
    assert late.numerator is not None
    late.numerator.late[_GROUP] = GroupSums(1, Decimal(500), 500, 500, "source")
    left_out.numerator = MergedWindow(dropped=1)
    assert not healthy_groups(_SHARE, late)
    assert not healthy_groups(_SHARE, left_out)


def test_a_group_with_late_points_is_not_passed_over() -> None:
    """Its sums are in two parts."""
    window = window_of(1, 2)
    window.late[_GROUP] = GroupSums(1, Decimal(500), 500, 500, "source")
    assert not healthy_groups(a_rule(by=["host"], threshold=90), window)
