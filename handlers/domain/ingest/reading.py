"""The reading of a request: its points, and the places in it that hold none."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from handlers.domain.point import Point
from handlers.domain.violation import Violation


class InvalidBody(Exception):  # noqa: N818 -- a verdict on a request, not an error of ours
    """No point can be told from the body: the request is quarantined whole."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.message)
        self.violation = violation


class Refusal(NamedTuple):
    """A place in a request that holds no point, and the first rule that is broken there."""

    request_index: int
    violation: Violation


@dataclass(frozen=True, slots=True)
class Reading:
    """The points and refusals of a request, each in its order; together they are all that it holds.

    `payload` gives what the client wrote at an index, as JSON can say it, for points that are refused later on, too.
    """

    payload: Callable[[int], object]
    points: list[Point] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def received(self) -> int:
        """The number of points that the request is accounted for by."""
        return len(self.points) + len(self.refusals)

    def add(self, index: int, found: Point | Violation) -> None:
        """Books what stands at an index."""
        if isinstance(found, Point):
            self.points.append(found)
        else:
            self.refusals.append(Refusal(index, found))
