"""The store of points: the port, and what the rules for points must know of whatever is behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from handlers.domain.deadline import Deadline
from handlers.domain.point import Point
from handlers.domain.violation import Violation


@dataclass(frozen=True)
class StoreLimits:
    """The limits of a store, by which points are judged before they reach it."""

    retention_days: int
    # How far in the future a point's time may be.
    future_ms: int
    # Of one point as the store counts it, and what every point takes besides its name, type and dimensions.
    point_bytes: int
    point_overhead_bytes: int
    # The budget of different names, from all clients together and for ever.
    dimension_names: int


class Outcome(Enum):
    """The end of a point that the store did not refuse for good."""

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
    """Keeps points. No two points of one `write` may have the same series and time, unless every version is kept.

    What keeps every version tells readers which of them counts, and answers STORED for those that do not as well.
    """

    keeps_every_version: bool

    def write(self, points: Sequence[Point], deadline: Deadline) -> Written:
        """The outcome of every point, known by the deadline; raises only `ConfigurationError`."""
