"""Exponential histograms as cumulative buckets."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.ingest.formats.exponential import cumulative_buckets

COUNTS = st.lists(st.integers(0, 5), max_size=200)
OFFSETS = st.integers(-600, 600)
SCALES = st.integers(-3, 6)


def buckets(
    scale: int = 0,
    positive: tuple[int, list[int]] = (0, []),
    negative: tuple[int, list[int]] = (0, []),
    *,
    zero_count: int = 0,
    zero_threshold: float = 0.0,
    at_most: int = 31,
) -> list[tuple[float, int]]:
    """The buckets of a histogram with these parts."""
    return cumulative_buckets(
        scale=scale,
        zero_count=zero_count,
        zero_threshold=zero_threshold,
        positive=positive,
        negative=negative,
        at_most=at_most,
    )


def test_buckets_have_their_upper_bounds() -> None:
    """Bucket i of scale s holds what is above b**i, up to b**(i + 1)."""
    assert buckets(0, (-1, [1, 2, 3])) == [(1.0, 1), (2.0, 3), (4.0, 6)]
    assert buckets(1, (2, [1, 2])) == [(pytest.approx(2**1.5), 1), (4.0, 3)]
    assert buckets(-1, (0, [1, 2])) == [(4.0, 1), (16.0, 3)]


def test_negative_buckets_and_zero_come_first() -> None:
    """The order is that of the bounds; the zero bucket's bound is its threshold."""
    found = buckets(0, (0, [5]), (0, [1, 2]), zero_count=4, zero_threshold=0.25)
    assert found == [(-2.0, 2), (-1.0, 3), (0.25, 7), (2.0, 12)]


def test_buckets_within_the_zero_threshold_count_as_zero() -> None:
    """No bound is named twice, and none is out of order."""
    assert buckets(0, (-3, [1, 1, 1]), zero_count=2, zero_threshold=0.5) == [(0.5, 4), (1.0, 5)]


def test_empty_buckets_at_both_ends_are_no_rows() -> None:
    """Only those between are, as they say where nothing was."""
    assert buckets(0, (0, [0, 0, 1, 0, 1, 0])) == [(8.0, 1), (16.0, 1), (32.0, 2)]


def test_bounds_beyond_a_double_are_infinite_or_zero() -> None:
    """The greatest and the least index still have a place."""
    assert buckets(0, (2**31 - 1, [1])) == [(float("inf"), 1)]
    assert buckets(20, (-(2**31), [1])) == [(0.0, 1)]
    assert buckets(-10, (-2, [1, 1, 1])) == [(2.0**-1024, 1), (1.0, 2), (float("inf"), 3)]


@pytest.mark.parametrize("scale", [-11, 21, 2**31 - 1, -(2**31)])
def test_a_scale_that_no_sdk_uses_is_refused(scale: int) -> None:
    """A base of such a scale has no place among doubles."""
    with pytest.raises(ValueError, match="the scale"):
        buckets(scale, (0, [1]))


@pytest.mark.parametrize("threshold", [-1.0, float("nan"), float("inf")])
def test_a_threshold_that_is_none_is_refused(threshold: float) -> None:
    """It is the width of the zero bucket."""
    with pytest.raises(ValueError, match="threshold"):
        buckets(zero_count=1, zero_threshold=threshold)


def test_buckets_that_no_scale_makes_few_are_refused() -> None:
    """At the least scale all doubles lie in four buckets."""
    with pytest.raises(ValueError, match="index"):
        buckets(-10, (0, [1] * 40))


@given(SCALES, OFFSETS, COUNTS, OFFSETS, COUNTS, st.integers(0, 3))
def test_merged_buckets_stay_exact(
    scale: int, above: int, positive: list[int], below: int, negative: list[int], zeros: int
) -> None:
    """However many there are, at most 31 remain, and each counts what lies up to its bound."""
    found = buckets(scale, (above, positive), (below, negative), zero_count=zeros)
    assert len(found) <= 31
    assert [bound for bound, _ in found] == sorted({bound for bound, _ in found})
    assert not found or found[-1][1] == sum(positive) + sum(negative) + zeros
    for bound, count in found:
        exact = sum(c for i, c in enumerate(negative) if -_power(scale, below + i) <= bound)
        exact += zeros * (bound >= 0)
        exact += sum(c for i, c in enumerate(positive) if _power(scale, above + i + 1) <= bound)
        assert count == exact


@given(SCALES, OFFSETS, COUNTS, COUNTS)
def test_bounds_stay_from_one_export_to_the_next(
    scale: int, offset: int, first: list[int], more: list[int]
) -> None:
    """A histogram that grows keeps its bounds, or every second one of them."""
    before = {bound for bound, _ in buckets(scale, (offset, first))}
    after = [bound for bound, _ in buckets(scale, (offset, first + more))]
    inside = {bound for bound in after if before and min(before) <= bound <= max(before)}
    assert inside <= before


def _power(scale: int, index: int) -> float:
    """b**index for b = 2**(2**-scale), without logarithms."""
    exponent = Fraction(index) / Fraction(2) ** scale
    whole = exponent.numerator // exponent.denominator
    try:
        return 2.0 ** float(exponent - whole) * 2.0**whole
    except OverflowError:
        return float("inf")
