"""Casts against Python's decimals."""

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.support.sql_fleet import Ask, double_literal, many, one


@many
@given(number=st.floats(-1e15, 1e15, allow_nan=False))
def test_double_to_whole(ask: Ask, number: float) -> None:
    """A cast of a double to a whole number rounds half a unit away from zero."""
    nearest = int(Decimal(number).quantize(Decimal(1), ROUND_HALF_UP))
    assert one(ask, f"cast({double_literal(number)} as bigint)") == nearest
