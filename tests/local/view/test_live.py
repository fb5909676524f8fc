"""The live view of a terminal."""

import io

from rich.console import Console

from local.view.live import LiveView
from local.view.reading import Reading


def test_figures_and_lines_to_paste_are_shown_whole() -> None:
    """A line longer than the terminal is not wrapped by us, and the newest error of a region is named."""
    console = Console(
        file=io.StringIO(), force_terminal=True, width=100, height=40, highlight=False, markup=False
    )
    view = LiveView(console)
    view.step("starting")
    long = "curl " + "x" * 300
    view.guide([("post", long)])
    view.show([Reading("us-east-1", 1234, 8, 1, 1, 0, rate=100.4, delay_s=None, last_error="503: no")], 61.0)
    view.close()
    view.close()
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    for part in ("starting", long, "1,234", "last error (us-east-1): 503: no", "up 1:01"):
        assert part in shown
