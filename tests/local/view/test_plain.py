"""Plain lines for logs and pipes."""

import io

from local.view.plain import PlainView
from local.view.reading import Reading

READING = Reading("us-east-1", 10, 8, 1, 1, 0, rate=100.4, delay_s=0.25, reasons={"older": 1})


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
