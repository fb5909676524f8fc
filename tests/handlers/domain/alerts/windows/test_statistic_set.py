"""Sums that do not depend on the order: exact, mergeable, compact."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.rules.statistic import KEPT_ON_DEMAND, Statistic
from handlers.domain.alerts.windows.exact_sum import exact_text
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.statistics.counters import Counters
from tests.support.alert_pipeline import a_point
from tests.support.rules import STATISTICS

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_any_order_and_any_grouping_gives_the_same_set(values: list[float], random: object) -> None:
    """However values are shuffled and split, merging their parts gives the set of all, to the last digit."""
    whole = StatisticSet.of(values)
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    merged = None
    while shuffled:
        part = StatisticSet.of([shuffled.pop() for _ in range(min(len(shuffled), random.randint(1, 4)))])  # type: ignore[attr-defined]
        merged = part if merged is None else part.merge(merged)
    assert merged == whole
    assert exact_text(merged.total) == exact_text(whole.total)
    assert repr((merged.minimum, merged.maximum)) == repr((whole.minimum, whole.maximum))


@given(st.lists(FINITE, min_size=1, max_size=12))
def test_statistics_are_those_of_the_numbers_as_written(values: list[float]) -> None:
    """A value counts as the decimal number it is written as, and nothing is rounded."""
    written = [Fraction(repr(value)) for value in values]
    found = StatisticSet.of(values)
    assert found.value(Statistic.SUM) == sum(written)
    assert found.value(Statistic.AVG) == sum(written, Fraction()) / len(written)
    assert found.value(Statistic.MIN) == min(written)
    assert found.value(Statistic.MAX) == max(written)
    assert found.value(Statistic.COUNT) == len(written)


def test_a_tenth_and_two_tenths_are_three_tenths() -> None:
    """The sums people expect of decimal numbers are the ones they get."""
    assert StatisticSet.of([0.1, 0.2]).value(Statistic.SUM) == Fraction(3, 10)


def test_the_extremes_of_doubles_cancel_exactly() -> None:
    """The largest and the smallest doubles together lose nothing."""
    values = [1.7976931348623157e308, 5e-324, -1.7976931348623157e308]
    assert StatisticSet.of(values).value(Statistic.SUM) == Fraction("5e-324")


def test_negative_zero_is_zero() -> None:
    """The two zeros are one value, so the order in which they come cannot be seen."""
    assert repr(StatisticSet.of([-0.0, 0.0])) == repr(StatisticSet.of([0.0, -0.0]))


@pytest.mark.parametrize("statistic", STATISTICS, ids=str)
def test_every_statistic_of_a_rule_has_a_value(statistic: Statistic) -> None:
    """A statistic that rules may name and a set cannot compute would end every evaluation."""
    points = [a_point(0, 1.0), a_point(1, 1.0)]
    found = StatisticSet.of([1.0], KEPT_ON_DEMAND, Counters.of(points))
    assert found.value(statistic) == (0 if str(statistic) in ("stddev", "increase", "rate") else 1)


@given(st.lists(FINITE, min_size=1, max_size=6))
def test_a_sum_is_read_back_exactly_from_its_text(values: list[float]) -> None:
    """The compact text of a sum is the sum."""
    total = StatisticSet.of(values).total
    assert Decimal(exact_text(total)) == total


def test_a_sum_takes_as_few_characters_as_its_number() -> None:
    """Round numbers stay short, large ones do not grow zeros."""
    assert exact_text(StatisticSet.of([2.5, 2.5]).total) == "5"
    assert exact_text(StatisticSet.of([1e300, 1e300]).total) == "2E+300"
