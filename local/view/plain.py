"""Plain lines: for logs, pipes and CI."""

import sys
import time
from collections.abc import Sequence
from typing import TextIO

from local.view.reading import Lines, Reading, delay_text

_EVERY_SECONDS = 5.0


class PlainView:
    """Prints each step as it is done, and a line per region every five seconds."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._last_s = 0.0

    def step(self, text: str) -> None:
        """Say what is being done."""
        print(text, file=self._out, flush=True)

    def guide(self, lines: Lines) -> None:
        """Show what can be done next."""
        width = max(len(label) for label, _ in lines)
        for label, line in lines:
            print(f"{label:<{width}}  {line}", file=self._out)
        self._out.flush()

    def show(self, readings: Sequence[Reading], elapsed_s: float) -> None:
        """Show the newest readings, at most every five seconds."""
        if time.monotonic() - self._last_s < _EVERY_SECONDS:
            return
        self._last_s = time.monotonic()
        for r in readings:
            error = f"  last error: {r.last_error}" if r.last_error else ""
            print(
                f"{elapsed_s:5.0f} s  {r.region}  accepted {r.accepted}  stored {r.stored}  "
                f"quarantined {r.quarantined}  {r.rate:.0f} points/s  "
                f"ingest to queryable {delay_text(r.delay_s)}{error}",
                file=self._out,
                flush=True,
            )

    def close(self) -> None:
        """Nothing is left open."""
