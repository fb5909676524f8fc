"""One reading of the running pipeline, as the views show it."""

from collections.abc import Sequence
from dataclasses import dataclass


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
