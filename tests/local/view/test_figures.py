"""Figures for terminals of any width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from local.view.figures import figures
from local.view.reading import OpenAlert, Reading
from ops.quarantined.given_up import GivenUp

ALERT = OpenAlert("demo-hot", "room=attic", "critical", "08:01:00", "temperature in the attic: 95")
READING = Reading(
    "us-east-1", 1_234_567, 1_234_000, 12, 13,
    GivenUp(2, ("s3://b/1",), others={"x-WindowAggregatorFunction-1": 3}), 93.4, 1.25,
    reasons={"timestamp_too_old": 5, "value_not_finite": 8},
    rules=3, alerts=(ALERT,), alarms=("MetricWriterQuarantined",),
    undelivered=("1 undelivered to https://dead (nothing answers there)",), last_error="503: busy", last_error_age_s=75,
)  # fmt: skip


def shown(width: int, height: int = 40, *readings: Reading) -> list[str]:
    """The lines as plain text."""
    return [line.plain for line in figures(readings or (READING,), 61, width=width, height=height)]


@pytest.mark.parametrize("width", [59, 79, 119])
def test_everything_is_said_at_usual_widths(width: int) -> None:
    """Every figure and word of it whole, whatever the layout."""
    text = " ".join(" ".join(shown(width)).split())
    for part in (
        "us-east-1", "1,234,567", "1,234,000", "93", "1.2 s", "13 quarantined → python -m ops quarantine list",
        "8 value_not_finite, 5 timestamp_too_old",
        "1 batch given up whole, 2 points → python -m ops quarantine redrive",
        "3 batches given up by WindowAggregator: no point is missing, but alerts have not seen those in them",
        "1 undelivered to https://dead", "alarm: MetricWriterQuarantined",
        "3 rules · 1 alert → python -m ops alerts list",
        "CRITICAL demo-hot (room=attic) since 08:01:00: temperature in the attic: 95",
        "last error (1:15 ago): 503: busy",
        "up 1:01 · Ctrl-C ends",
    ):  # fmt: skip
        assert part in text


@pytest.mark.parametrize(
    ("width", "header"), [(119, "ingest to queryable"), (79, "delay"), (59, "accepted, ")]
)
def test_the_widest_layout_that_fits_is_used(width: int, header: str) -> None:
    """A table with words for its columns, one with shorter words, or sentences."""
    assert header in "\n".join(shown(width)[:2])


@given(st.integers(1, 140), st.integers(1, 50), st.text(max_size=80))
def test_no_line_is_wider_and_there_are_no_more_lines_than_fit(width: int, height: int, text: str) -> None:
    """Or the terminal would wrap or scroll them, and what was drawn could not be taken away."""
    hostile = Reading("r", 1, 1, 1, 1, GivenUp(), 0.0, None, reasons={text: 1}, last_error=f"x{text}")
    lines = shown(width, height, READING, hostile)
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)


def test_a_run_without_trouble_says_so_in_few_lines() -> None:
    """Figures, rules, no error, and how long it has been up."""
    quiet = Reading("us-east-1", 1, 1, 0, 0, GivenUp(), 1.0, None, rules=1)
    assert shown(119, 40, quiet)[2:] == ["1 rule · 0 alerts", "last error: none", "up 1:01 · Ctrl-C ends"]
