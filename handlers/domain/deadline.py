"""A deadline: how long work may still go on."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Deadline:
    """The moment by which work must have ended, in seconds of a clock that only goes forward."""

    at_s: float
    clock: Callable[[], float]

    def seconds_left(self) -> float:
        """Seconds until then, never below zero."""
        return max(0.0, self.at_s - self.clock())
