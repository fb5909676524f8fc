"""Standard deviations of decimals, exact where they are fractions."""

import statistics
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.windows.exact_sum import exact_sum
from handlers.domain.alerts.windows.statistics.squares import Squares

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def squares_of(values: list[float]) -> Squares:
    """The squares of some values."""
    return Squares.of(values, exact_sum(values))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_it_is_that_of_all_values(values: list[float]) -> None:
    """As Prometheus's stddev_over_time, and not that of a sample; to more digits than a double has."""
    variance = statistics.pvariance([Fraction(repr(value)) for value in values])
    found = squares_of(values).deviation()
    assert found**2 <= variance
    assert variance - found**2 <= variance / 2**60


@given(st.lists(FINITE, min_size=2, max_size=12), st.integers(1, 11))
def test_any_split_gives_the_same(values: list[float], at: int) -> None:
    """The squares of the largest and the smallest doubles together lose nothing, written and read as well."""
    whole, parts = squares_of(values), [part for part in (values[:at], values[at:]) if part]
    read = [Squares.read(len(part), str(exact_sum(part)), squares_of(part).text()) for part in parts]
    merged = read[0] if len(read) == 1 else read[0].merge(read[1])
    assert merged == whole
    assert merged.deviation() == whole.deviation()


@pytest.mark.parametrize(
    ("values", "deviation"),
    [([0.1, 0.3], "0.1"), ([2, 4, 4, 4, 5, 5, 7, 9], "2"), ([0.1], "0"), ([1e300] * 3, "0")],
)
def test_a_root_that_is_a_fraction_is_exact(values: list[float], deviation: str) -> None:
    """So a threshold of 0.1 is met by 0.1."""
    assert squares_of(values).deviation() == Fraction(deviation)


def test_one_value_needs_no_text() -> None:
    """Its square follows from the sum."""
    assert squares_of([1.5]).text() == ""
    assert Squares.read(1, "1.5", "").squares == Decimal("2.25")
