"""Statistics of the values in a period."""

import math
import statistics as pythons

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.cloudwatch.statistics import Values

NUMBERS = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60)


def values_of(numbers: list[float]) -> Values:
    """Values put one by one."""
    values = Values()
    for number in numbers:
        values.add(number)
    return values


@given(NUMBERS)
def test_the_simple_statistics_are_exact(numbers: list[float]) -> None:
    """Sum, average, minimum, maximum and number, whatever is put."""
    values = values_of(numbers)
    assert math.isclose(values.statistic("Sum"), sum(numbers), abs_tol=1e-3)
    assert math.isclose(values.statistic("Average"), pythons.fmean(numbers), abs_tol=1e-3)
    assert values.statistic("Minimum") == min(numbers)
    assert values.statistic("Maximum") == max(numbers)
    assert values.statistic("SampleCount") == len(numbers)


@given(NUMBERS, st.integers(1, 100))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(numbers: list[float], share: int) -> None:
    """To three significant digits, and never outside what was put."""
    found = values_of(numbers).statistic(f"p{share}")
    exact = sorted(numbers)[math.ceil(share / 100 * len(numbers)) - 1]
    assert math.isclose(found, exact, rel_tol=0.01, abs_tol=1e-9)
    assert min(numbers) <= found <= max(numbers)


@given(NUMBERS, NUMBERS)
def test_periods_that_are_merged_are_as_one(one: list[float], other: list[float]) -> None:
    """All statistics are those of all the values."""
    merged, together = Values.merged([values_of(one), values_of(other)]), values_of(one + other)
    for name in ("Minimum", "Maximum", "SampleCount", "p50", "p99.9"):
        assert merged.statistic(name) == together.statistic(name)
    assert math.isclose(merged.sum, together.sum, abs_tol=1e-3)


@pytest.mark.parametrize("name", ["tm99", "IQM", "p101", "p", "sum", "PR(1:2)", ""])
def test_a_statistic_that_is_not_made_here_is_refused_by_name(name: str) -> None:
    """Never answered with another one's value."""
    with pytest.raises(ValueError, match="is not made here"):
        values_of([1.0]).statistic(name)
