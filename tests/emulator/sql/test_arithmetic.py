"""Operators against Python's numbers."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tests.support.sql_fleet import Ask, double_literal, many


@many
@given(dividend=st.integers(-(2**62), 2**62), divisor=st.integers(-1000, 1000).filter(bool))
def test_whole_division(ask: Ask, dividend: int, divisor: int) -> None:
    """Whole numbers divide toward zero, and the remainder has the dividend's sign."""
    quotient = abs(dividend) // abs(divisor) * (1 if (dividend < 0) == (divisor < 0) else -1)
    assert ask(f"SELECT ({dividend}) / ({divisor}), ({dividend}) % ({divisor})").rows == [
        [quotient, dividend - quotient * divisor]
    ]


@many
@given(dividend=st.floats(-1e6, 1e6), divisor=st.floats(-1e3, 1e3).filter(bool))
def test_remainder_of_doubles(ask: Ask, dividend: float, divisor: float) -> None:
    """The remainder of doubles has the dividend's sign, for % and mod alike."""
    found = ask(
        f"SELECT x % y, mod(x, y) FROM (VALUES ({double_literal(dividend)}, {double_literal(divisor)})) AS t(x, y)"
    )
    assert found.rows == [[math.fmod(dividend, divisor)] * 2]
