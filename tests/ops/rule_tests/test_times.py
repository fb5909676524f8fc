"""Times of test files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.rule_tests.times import LONGEST_S, moment_s, span_s, span_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("1d", 86_400), ("1d2h3m4s", 93_784)],
)
def test_a_span_adds_up_its_units(text: str, seconds: int) -> None:
    """Days, hours, minutes and seconds stand in this order, each at most once."""
    assert span_s(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "-5m", "5 m", "m", "5m1h", "1.5h", "5min", "32d", "٣m"])
def test_anything_else_is_no_span(text: str) -> None:
    """A span without a unit, or with another, is refused with what it says."""
    with pytest.raises(ValueError, match=text or "''"):
        span_s(text)


@given(st.integers(0, LONGEST_S))
def test_a_span_is_read_as_it_is_written(seconds: int) -> None:
    """What is told of a time can stand in a file."""
    assert span_s(span_text(seconds)) == seconds


def test_a_moment_says_its_zone() -> None:
    """Moments are UTC, whole seconds, and say so."""
    assert moment_s("2026-01-05T00:00:00Z") == 1_767_571_200
    for text in (
        "2026-01-05",
        "2026-01-05T00:00:00",
        "2026-01-05T00:00:00+01:00",
        "2026-01-05T00:00:00.5Z",
        "x",
    ):
        with pytest.raises(ValueError, match="expected a whole second in UTC"):
            moment_s(text)
