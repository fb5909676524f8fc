"""Mathematical functions against Python's."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tests.support.sql_fleet import Ask, double_literal, many, one


@many
@given(number=st.floats(-1e9, 1e9, allow_nan=False), places=st.integers(0, 5))
def test_round(ask: Ask, number: float, places: int) -> None:
    """round scales, rounds half a unit away from zero, and scales back."""
    scaled = abs(number) * 10.0**places
    rounded = math.floor(scaled) + (scaled - math.floor(scaled) >= 0.5)
    expected = math.copysign(rounded / 10.0**places, number)
    assert one(ask, f"round({double_literal(number)}, {places})") == expected
