"""Ratios of peers."""

import pytest

from benchmarks.peers.ratios import least, middle, ratio


def test_a_ratio_is_taken_round_by_round() -> None:
    """A machine that is half as fast in one round is so for both."""
    slow, quick = (
        [{"cpu_us": value} for value in (10.0, 20.0, 9.0)],
        [{"cpu_us": v} for v in (5.0, 10.0, 3.0)],
    )
    found = ratio(slow, quick, "cpu_us")
    assert (found.middle, found.least, found.most) == (2, 2, 3)
    assert str(found) == "2.00 (2.00-3.00)"
    assert (middle(slow, "cpu_us"), least(slow, "cpu_us")) == (10, 9)


def test_samples_of_other_rounds_have_no_ratio() -> None:
    """As many of each."""
    with pytest.raises(ValueError, match="shorter"):
        ratio([{"a": 1.0}], [], "a")
