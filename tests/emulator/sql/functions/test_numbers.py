"""Mathematical functions against Python's."""

import math

import numpy as np
import pytest
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


@many
@given(x=st.integers(-30, 30), low=st.integers(-9, 9), high=st.integers(-9, 9), count=st.integers(1, 5))
def test_width_bucket(ask: Ask, x: int, low: int, high: int, count: int) -> None:
    """Buckets of one width go from bound to bound, in either direction, with one before and one after them."""
    if low == high:
        return
    share = (x - low) / (high - low)
    wanted = 0 if share < 0 else count + 1 if share >= 1 else int((x - low) * count / (high - low)) + 1
    assert ask(f"SELECT width_bucket({x}, {low}, {high}, {count})").rows == [[wanted]]


def test_moments(ask: Ask) -> None:
    """Skewness is that of all values, kurtosis that of a sample; both need enough values."""
    values = [1.0, 2.0, 3.0, 10.0]
    d = np.array(values) - np.mean(values)
    skewness = float(np.sqrt(4) * (d**3).sum() / (d**2).sum() ** 1.5)
    second, fourth = float((d**2).sum()), float((d**4).sum())
    kurtosis = 4 * 5 / (3 * 2 * 1) * fourth / (second / 3) ** 2 - 3 * 9 / 2
    rows = ", ".join(f"{v}e0" for v in values)
    found = ask(f"SELECT skewness(x), kurtosis(x), geometric_mean(x) FROM (VALUES {rows}) AS t(x)").rows[0]
    assert found == pytest.approx([skewness, kurtosis, float(np.prod(values)) ** 0.25])
    assert ask("SELECT skewness(x), kurtosis(x) FROM (VALUES 1, 2) AS t(x)").rows == [[None, None]]
