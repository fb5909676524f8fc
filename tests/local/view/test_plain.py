"""Plain lines for logs and pipes."""

import io
from dataclasses import replace

from local.view.plain import PlainView
from local.view.reading import Reading
from ops.quarantined.given_up import GivenUp

READING = Reading("us-east-1", 10, 8, 1, 1, GivenUp(), rate=100.4, delay_s=0.25, reasons={"older": 1})


def test_steps_lines_to_paste_and_figures_are_plain_lines() -> None:
    """Labels are in a column, and figures have their units."""
    out = io.StringIO()
    view = PlainView(out)
    view.step("starting")
    view.guide([("post", "curl x"), ("aws endpoint", "http://127.0.0.1")])
    view.show([READING], 12.3)
    view.close()
    assert out.getvalue().splitlines() == [
        "starting",
        "post          curl x",
        "aws endpoint  http://127.0.0.1",
        "   12 s  us-east-1  accepted 10  stored 8  quarantined 1  100 points/s  ingest to queryable 0.2 s",
        "         1 quarantined → python -m ops quarantine list",
        "           1 older",
    ]


def test_figures_are_shown_every_five_seconds() -> None:
    """A log is not flooded by a run that lasts."""
    out = io.StringIO()
    view = PlainView(out)
    for elapsed_s in range(3):
        view.show([READING], elapsed_s)
    assert out.getvalue().count("us-east-1") == 1


def test_what_was_given_up_is_said_once_until_it_changes() -> None:
    """Its points stand among the figures, and its batches in a line below them."""
    out = io.StringIO()
    PlainView(out).show([replace(READING, given_up=GivenUp(7, ("s3://b/1", "s3://b/2")), quarantined=0)], 1)
    figures, line = out.getvalue().splitlines()
    assert "quarantined 0  given up 7  100 points/s" in figures
    assert line.strip().startswith("2 batches given up whole, 7 points → python -m ops quarantine redrive")
