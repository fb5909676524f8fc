"""Sums of the decimal numbers that doubles are written as."""

from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from handlers.domain.alerts.windows.exact_sum import exact_sum, short_texts

FINITE = st.floats(allow_nan=False, allow_infinity=False)
# Near the ends of the range, of all 17 digits, beyond 2**53, at powers of two (where the next double below is nearer).
HOSTILE = st.sampled_from(
    [5e-324, 1e308, 1.7976931348623157e308, 0.0, 0.1, 17.3, 2.2250738585072014e-308, 9007199254740993.0, 1e22]
) | st.integers(-1074, 1023).map(lambda power: 2.0**power)
NUMBERS = FINITE | HOSTILE | HOSTILE.map(lambda number: -number) | st.integers(-(2**60), 2**60).map(float)


@given(st.lists(NUMBERS, min_size=1, max_size=30))
@example([1e308] * 20)
@example([5e-324, 1e308, -1e308])
@example([-0.0])
def test_a_sum_is_that_of_the_numbers_as_written(values: list[float]) -> None:
    """No digit is rounded, whatever the order and however many there are."""
    found = exact_sum(values)
    assert Fraction(found) == sum(Fraction(repr(value)) for value in values)
    assert exact_sum(values[::-1]) == found


@given(st.lists(NUMBERS.map(lambda number: number + 0.0), min_size=1, max_size=30))
def test_doubles_read_back_from_their_short_texts(values: list[float]) -> None:
    """As doubles and as decimal numbers."""
    texts = list(short_texts(values))
    assert [float(text) for text in texts] == values
    assert [Fraction(text) for text in texts] == [Fraction(repr(value)) for value in values]


def test_whole_numbers_are_written_without_a_point() -> None:
    """Where the zero is not a digit of the number."""
    assert list(short_texts([5.0, 10.0, 0.0, 1.05, 20.01])) == ["5", "10", "0", "1.05", "20.01"]
