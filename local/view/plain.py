"""Plain lines: for logs, pipes and CI."""

import sys
import time
from collections.abc import Sequence
from typing import TextIO

from local.view.reading import Lines, Reading, delay_text, trouble_lines

_EVERY_SECONDS = 5.0


class PlainView:
    """Prints each step as it is done, a line per region every five seconds, and what is wrong when that changes."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._last_s = 0.0
        self._wrong: dict[str, list[str]] = {}

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
            given_up = f"  given up {r.given_up.points}" if r.given_up.points else ""
            print(
                f"{elapsed_s:5.0f} s  {r.region}  accepted {r.accepted}  stored {r.stored}  "
                f"quarantined {r.quarantined}{given_up}  {r.rate:.0f} points/s  "
                f"ingest to queryable {delay_text(r.delay_s)}{error}",
                file=self._out,
                flush=True,
            )
            # Alerts and alarms have told of themselves, and rules are no trouble.
            wrong = [
                line
                for style, line in trouble_lines(r)
                if style == "yellow" or line.startswith("not told") or "given up" in line
            ]
            if wrong != self._wrong.get(r.region, []):
                self._wrong[r.region] = wrong
                print("\n".join(f"         {line}" for line in wrong), file=self._out, flush=True)

    def close(self) -> None:
        """Nothing is left open."""
