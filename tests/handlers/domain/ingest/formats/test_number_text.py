"""Numbers in labels, as Prometheus writes them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.ingest.formats.number_text import number_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.5, "0.5"),
        (1.0, "1"),
        (10, "10"),
        (0.005, "0.005"),
        (-2.5, "-2.5"),
        (100_000, "100000"),
        (123_456.7, "123456.7"),
        (1e6, "1e+06"),
        (2_500_000, "2.5e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (5e-324, "5e-324"),
        (2.0**-24, "5.960464477539063e-08"),
        (0.0, "0"),
        (-0.0, "0"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_numbers_are_written_as_go_writes_them(number: float, text: str) -> None:
    """The shortest digits, with an exponent below 0.0001 and from a million on."""
    assert number_text(number) == text


@given(st.floats(allow_nan=False))
def test_a_text_gives_its_number_back(number: float) -> None:
    """No two numbers share a text, but for the two zeros."""
    assert float(number_text(number)) == number
