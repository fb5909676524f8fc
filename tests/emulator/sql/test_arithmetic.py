"""Operators against Python's numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.sql_fleet import Ask, double_literal, many, one


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


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("ARRAY[1, 2] || 3", [1, 2, 3]),
        ("1.5 || ARRAY[2]", [1.5, 2.0]),
        ("ARRAY[1] || ARRAY[2.5]", [1.0, 2.5]),
        ("ARRAY['a'] || 'b'", ["a", "b"]),
        ("ARRAY[ARRAY[1]] || ARRAY[ARRAY[2]]", [[1], [2]]),
        ("ARRAY[1] || CAST(NULL AS ARRAY(INTEGER))", None),
    ],
)
def test_concatenation(ask: Ask, expression: str, wanted: object) -> None:
    """Arrays meet arrays and single elements, at a common type."""
    assert one(ask, expression) == wanted
