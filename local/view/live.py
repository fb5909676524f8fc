"""A compact live view in the terminal."""

import threading
import time
from collections import deque
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from local.view.figures import figures
from local.view.reading import Lines, Reading

# So many lines of what was said are drawn again when the terminal's size changes.
_KEPT_LINES = 60
_TICK_S = 0.5
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_CLEAR_SCREEN, _CLEAR_BELOW = "\x1b[2J\x1b[H", "\x1b[J"


class LiveView:
    """Steps and lines to paste scroll by; the figures stay below them and are redrawn in place.

    No line of the figures is wider than the terminal. When its size changes the screen is drawn anew: how terminals
    wrap what they show already differs, and what was drawn for the old size would stay.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, markup=False)
        self._lock = threading.RLock()
        self._said: deque[tuple[Text, bool]] = deque(maxlen=_KEPT_LINES)
        self._figures: list[Text] = []
        self._drawn = 0
        self._size = self._console.size
        self._ready = threading.Event()
        self._ticker: threading.Thread | None = None

    def step(self, text: str) -> None:
        """Say what is being done; until there are figures, a line below it counts the seconds."""
        self._say(Text(text, style="dim"), whole=False)
        if self._ticker is None:
            self._ticker = threading.Thread(target=self._tick, name="progress", daemon=True)
            self._ticker.start()

    def guide(self, lines: Lines) -> None:
        """Show what can be done next; the lines are not wrapped by us, so a terminal copies them whole."""
        width = max(len(label) for label, _ in lines)
        self._say(Text(), whole=True)
        for label, line in lines:
            self._say(Text(f"{label:<{width}}  ", style="bold cyan") + Text(line), whole=True)
        self._say(Text(), whole=True)

    def show(self, readings: Sequence[Reading], elapsed_s: float) -> None:
        """Redraw the figures."""
        self._ready.set()
        with self._lock:
            width, height = self._console.size
            self._figures = figures(readings, elapsed_s, width=width - 1, height=height - 1)
            self._redraw()

    def close(self) -> None:
        """Take the figures away and give the terminal back."""
        self._ready.set()
        with self._lock:
            if self._figures:
                self._erase()
                self._figures = []
                self._write(_SHOW_CURSOR)

    def _tick(self) -> None:
        began_s = time.monotonic()
        while not self._ready.wait(_TICK_S):
            with self._lock:
                if not self._ready.is_set():
                    self._figures = [Text(f"… {time.monotonic() - began_s:.0f} s", style="dim")]
                    self._redraw()

    def _say(self, text: Text, *, whole: bool) -> None:
        with self._lock:
            self._erase()
            self._said.append((text, whole))
            self._console.print(text, soft_wrap=whole)
            self._draw()

    def _redraw(self) -> None:
        if self._console.size != self._size:
            self._size = self._console.size
            self._write(_CLEAR_SCREEN)
            self._drawn = 0
            for text, whole in self._said:
                self._console.print(text, soft_wrap=whole)
        else:
            self._erase()
        self._draw()

    def _erase(self) -> None:
        if self._drawn:
            self._write(f"\x1b[{self._drawn}A\r{_CLEAR_BELOW}")
            self._drawn = 0

    def _draw(self) -> None:
        if self._figures:
            self._write(_HIDE_CURSOR)
        for line in self._figures:
            self._console.print(line, soft_wrap=True)
        self._drawn = len(self._figures)

    def _write(self, codes: str) -> None:
        self._console.file.write(codes)
        self._console.file.flush()
