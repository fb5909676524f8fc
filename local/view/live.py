"""A compact live view in the terminal."""

from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from local.view.reading import Lines, Reading, delay_text


class LiveView:
    """Steps and lines to paste scroll by; the figures stay at the bottom and are redrawn in place."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, markup=False)
        self._live: Live | None = None

    def step(self, text: str) -> None:
        """Say what is being done."""
        self._console.print(Text(text, style="dim"))

    def guide(self, lines: Lines) -> None:
        """Show what can be done next; the lines are not wrapped by us, so a terminal copies them whole."""
        width = max(len(label) for label, _ in lines)
        self._console.print()
        for label, line in lines:
            self._console.print(Text(f"{label:<{width}}  ", style="bold cyan") + Text(line), soft_wrap=True)
        self._console.print()

    def show(self, readings: Sequence[Reading], elapsed_s: float) -> None:
        """Redraw the figures."""
        if self._live is None:
            self._live = Live(console=self._console, refresh_per_second=4, transient=True)
            self._live.start()
        self._live.update(_figures(readings, elapsed_s))

    def close(self) -> None:
        """Give the terminal back."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def _figures(readings: Sequence[Reading], elapsed_s: float) -> Group:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("region")
    for name in ("accepted", "stored", "superseded", "quarantined", "points/s", "ingest to queryable"):
        table.add_column(name, justify="right")
    errors = []
    for r in readings:
        quarantined = Text(f"{r.quarantined:,}", style="yellow" if r.quarantined else "")
        table.add_row(
            r.region,
            f"{r.accepted:,}",
            Text(f"{r.stored:,}", style="green"),
            f"{r.superseded:,}",
            quarantined,
            f"{r.rate:,.0f}",
            delay_text(r.delay_s),
        )
        if r.last_error:
            errors.append(Text(f"last error ({r.region}): {r.last_error}", style="red", overflow="ellipsis"))
    foot = Text(f"up {int(elapsed_s) // 60}:{int(elapsed_s) % 60:02d} · Ctrl-C ends", style="dim")
    return Group(table, *(errors or [Text("last error: none", style="dim")]), foot)
