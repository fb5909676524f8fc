"""Percentiles within their error, the same however values are split."""

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.rules.statistic import Statistic
from handlers.domain.alerts.windows.statistics.sketch import Sketch

RELATIVE_ERROR = Fraction(2, 100)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.lists(FINITE | st.sampled_from([0.0, -0.0, 1.0, 100.0, 5e-324, -2e-308]), min_size=1, max_size=30)
PERCENTS = st.integers(1, 999).map(lambda tenths: Fraction(tenths, 10))
# Below this a double has fewer digits: such values count as zero.
TINY = 2.3e-308


def by_rank(values: list[float], percent: Fraction) -> Fraction:
    """The percentile by its definition: the least value that so many percent of all do not exceed."""
    return Fraction(repr(sorted(values)[math.ceil(len(values) * percent / 100) - 1]))


def percentile(sketch: Sketch, values: list[float], percent: Fraction) -> Fraction:
    """The percentile of a sketch of these values."""
    return sketch.percentile(percent, min(values) + 0.0, max(values) + 0.0)


@given(VALUES, PERCENTS)
def test_a_percentile_is_within_its_error(values: list[float], percent: Fraction) -> None:
    """Of any doubles, large, small and negative ones; of those next to zero it is zero or the value."""
    expected, found = by_rank(values, percent), percentile(Sketch(values), values, percent)
    assert abs(found - expected) <= max(abs(expected) * RELATIVE_ERROR, Fraction(TINY))


@given(VALUES, PERCENTS, st.randoms(use_true_random=False))
def test_any_split_gives_the_same_percentile(
    values: list[float], percent: Fraction, chance: random.Random
) -> None:
    """Whatever the order and the parts, and whether they were written and read or not."""
    whole = Sketch(values)
    shuffled, merged, added = list(values), Sketch(), Sketch()
    chance.shuffle(shuffled)
    while shuffled:
        part = [shuffled.pop() for _ in range(min(len(shuffled), chance.randint(1, 9)))]
        merged = merged.merge(Sketch(part))
        added.add(Sketch(part).text(), min(part), max(part), len(part))
    assert merged == added == Sketch(values)
    assert merged.text() == added.text() == whole.text()
    assert (
        len({percentile(sketch, values, percent) for sketch in (whole, merged, added, Sketch(values))}) == 1
    )


def test_a_million_points_have_the_percentiles_of_their_order_however_they_are_split() -> None:
    """Latencies of a long tail, in parts of thousands that are written, read and added in another order."""
    chance = random.Random(1)
    values = [9 * (1 - chance.random()) ** -0.7 for _ in range(1_000_000)]
    ordered = sorted(values)
    texts = []
    for begin in range(0, len(values), 4_000):
        part = values[begin : begin + 4_000]
        texts.append((Sketch(part).text(), min(part), max(part), len(part)))
    chance.shuffle(texts)
    added = Sketch()
    for text in texts:
        added.add(*text)
    assert added == Sketch(values)
    for name in ("p0.1", "p1", "p50", "p90", "p95", "p99", "p99.9"):
        percent = Statistic(name).percent
        assert percent is not None
        expected = ordered[math.ceil(len(ordered) * percent / 100) - 1]
        found = added.percentile(percent, ordered[0], ordered[-1])
        assert abs(found - Fraction(expected)) <= Fraction(expected) * RELATIVE_ERROR, name


@pytest.mark.parametrize("power", [-1021, -300, -1, 0, 1, 52, 1022])
def test_the_border_of_a_bucket_is_as_near_as_its_middle_says(power: int) -> None:
    """At each of the eighteen borders of a doubling, from below and from above, where the error is greatest."""
    for bucket in range(19):
        border = math.ldexp(2 ** (bucket / 18), power)
        if math.isfinite(border):
            for value in (border * (1 - 2**-13), border * (1 - 2**-52), border, border * (1 + 2**-13)):
                extremes = value / 4, min(value * 4, 1.7e308)
                found = Sketch([value] * 3).percentile(Fraction(50), *extremes)
                assert abs(found - Fraction(value)) <= Fraction(value) * RELATIVE_ERROR


def test_of_equal_values_it_is_the_value_and_of_few_the_greatest() -> None:
    """The extremes are kept exactly: nobody is told 98.7 where everything is 100."""
    assert percentile(Sketch([100.0] * 50), [100.0] * 50, Fraction(99)) == 100
    values = [float(number) for number in range(1, 100)]
    assert percentile(Sketch(values), values, Fraction(99)) == 99
    assert percentile(Sketch([7.0]), [7.0], Fraction(50)) == 7
    assert percentile(Sketch([3.0, 7.0]), [3.0, 7.0], Fraction(50)) == 3


def test_a_percentile_has_no_more_digits_than_are_true() -> None:
    """Four, so that a message can be read."""
    values = [float(number) for number in range(1, 1001)]
    assert percentile(Sketch(values), values, Fraction(50)).denominator in (1, 2, 5, 10)


def test_one_value_or_two_need_no_text() -> None:
    """They are the extremes, which are kept anyway."""
    assert [Sketch(values).text() for values in ([1.0], [1.0, 2.0], [1.0] * 3, [1.0, 1.03, 500.0])] == [
        "",
        "",
        "3",
        "2~161~",
    ]
