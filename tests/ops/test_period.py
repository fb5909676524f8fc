"""Periods that operators type."""

import argparse

import pytest

from ops.period import period_s


def test_a_period_has_a_number_and_a_unit() -> None:
    """Seconds, minutes, hours or days."""
    assert [period_s(text) for text in ("90s", "15m", "1h", "7d")] == [90, 900, 3600, 604_800]


@pytest.mark.parametrize("text", ["", "1", "h", "1 h", "1w", "-1h", "1.5h", "1h30m", "٣h", "9999999d"])
def test_anything_else_is_refused(text: str) -> None:
    """With what was expected."""
    with pytest.raises(argparse.ArgumentTypeError, match="expected a number with s, m, h or d"):
        period_s(text)
