"""One reading of the running pipeline, as the views show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reading:
    """One region at one moment. Rates are points per second, delays seconds; None: not known yet."""

    region: str
    accepted: int
    stored: int
    superseded: int
    quarantined: int
    rate: float
    delay: float | None
    last_error: str


@dataclass(frozen=True, slots=True)
class Guide:
    """What a person can do next: each a label and a line to paste."""

    lines: Sequence[tuple[str, str]]


def delay_text(seconds: float | None) -> str:
    """A delay for people: tenths of a second, or a dash."""
    return "–" if seconds is None else f"{seconds:.1f} s"


class View(Protocol):
    """Shows a person what happens."""

    def step(self, text: str) -> None:
        """Say what is being done."""

    def guide(self, guide: Guide) -> None:
        """Show what can be done next."""

    def show(self, readings: Sequence[Reading], elapsed: float) -> None:
        """Show the newest readings, `elapsed` seconds after the start."""

    def close(self) -> None:
        """Give the terminal back."""
