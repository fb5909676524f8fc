"""Where points are kept: the port. What implements it knows the store's own words; nothing here does."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from handlers.domain.deadline import Deadline
from handlers.domain.point import Point
from handlers.domain.violation import Violation


class Outcome(Enum):
    """What became of a point that the store did not refuse for good."""

    STORED = auto()
    SUPERSEDED = auto()  # a later version of the same point is already there
    RETRY = auto()  # not known to be stored; writing it again is harmless


@dataclass(frozen=True)
class Written:
    """One outcome per point, in the points' order; a `Violation` where the store refuses the point for good."""

    outcomes: list[Outcome | Violation]
    calls: int = 0
    throttles: int = 0
    causes: tuple[str, ...] = ()


class MetricStore(Protocol):
    """Keeps points. No two points of one `write` may have the same identity."""

    def write(self, points: Sequence[Point], deadline: Deadline) -> Written:
        """Returns by the deadline with an outcome for every point; raises only `ConfigurationError`."""
        ...
