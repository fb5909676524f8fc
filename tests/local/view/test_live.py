"""The live view of a terminal."""

import io
import time

from rich.console import Console, ConsoleDimensions

from local.view.live import LiveView
from local.view.reading import Reading
from ops.quarantined.given_up import GivenUp

READING = Reading("us-east-1", 1234, 8, 1, 1, GivenUp(), rate=100.4, delay_s=None, last_error="503: no")


class Terminal(Console):
    """A terminal whose size can be changed, and what was written to it."""

    def __init__(self, width: int = 100) -> None:
        self.written = io.StringIO()
        super().__init__(file=self.written, force_terminal=True, highlight=False, markup=False)
        self.size = ConsoleDimensions(width, 40)


def test_figures_and_lines_to_paste_are_shown_whole() -> None:
    """A line longer than the terminal is not wrapped by us, and the newest error is named with its age."""
    terminal = Terminal()
    view = LiveView(terminal)
    view.step("starting")
    long = "curl " + "x" * 300
    view.guide([("post", long)])
    view.show([READING], 61.0)
    view.close()
    view.close()
    shown = terminal.written.getvalue()
    for part in ("starting", long, "1,234", "last error (0:00 ago): 503: no", "up 1:01"):
        assert part in shown


def test_figures_are_taken_away_line_by_line_before_anything_else_is_said() -> None:
    """So many lines up as were drawn, and everything below them cleared; nothing is left at the end."""
    terminal = Terminal()
    view = LiveView(terminal)
    view.show([READING], 1.0)
    drawn = terminal.written.getvalue().count("\n")
    view.step("something happened")
    view.close()
    _, said, end = terminal.written.getvalue().split(f"\x1b[{drawn}A\r\x1b[J")
    assert "something happened" in said
    assert said.count("1,234") == 1
    assert end == "\x1b[?25h"


def test_a_terminal_of_another_size_is_drawn_anew() -> None:
    """Whatever it made of the old lines is cleared, and what was said is said again."""
    terminal = Terminal()
    view = LiveView(terminal)
    view.guide([("post", "curl x")])
    view.show([READING], 1.0)
    terminal.size = ConsoleDimensions(60, 40)
    view.show([READING], 2.0)
    before, after = terminal.written.getvalue().split("\x1b[2J\x1b[H")
    assert "ingest to queryable" in before
    assert "curl x" in after
    assert "1,234 accepted" in after


def test_the_seconds_are_counted_until_there_are_figures() -> None:
    """A start that takes long is seen to go on; the count is gone with the first figures."""
    terminal = Terminal()
    view = LiveView(terminal)
    view.step("stacks")
    until = time.monotonic() + 20
    while "… 1 s" not in terminal.written.getvalue():
        assert time.monotonic() < until
        time.sleep(0.05)
    view.show([READING], 1.0)
    terminal.written.seek(0)
    terminal.written.truncate()
    view.show([READING], 1.0)
    assert "…" not in terminal.written.getvalue()
    view.close()
