"""One reading of the running pipeline, as the views show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reading:
    """One region at one moment. The rate is in points per second, the delay None while not known."""

    region: str
    accepted: int
    stored: int
    superseded: int
    quarantined: int
    given_up: int
    rate: float
    delay_s: float | None
    last_error: str


Lines = Sequence[tuple[str, str]]
"""Lines to paste, each after its label."""


def delay_text(delay_s: float | None) -> str:
    """A delay for people: tenths of a second, or a dash."""
    return "–" if delay_s is None else f"{delay_s:.1f} s"


class View(Protocol):
    """Shows a person what happens."""

    def step(self, text: str) -> None:
        """Say what is being done."""

    def guide(self, lines: Lines) -> None:
        """Show what can be done next."""

    def show(self, readings: Sequence[Reading], elapsed_s: float) -> None:
        """Show the newest readings, `elapsed_s` seconds after the start."""

    def close(self) -> None:
        """Give the terminal back."""
