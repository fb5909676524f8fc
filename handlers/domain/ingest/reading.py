"""The reading of a request: its points, and the places in it that hold none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from handlers.domain.point import Point
from handlers.domain.violation import Reason, Violation

# Of a body that is compressed on the stream, whatever its format: what it may expand to.
MAX_BODY_BYTES = 10 * 2**20
# Of any body. One of 4 MiB, the largest that is not compressed, holds fewer, unless it is made of next to nothing.
MAX_SAMPLES = 200_000


class InvalidBody(Exception):  # noqa: N818 -- a verdict on a request, not an error of ours
    """No point can be told from the body: the request is quarantined whole."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.message)
        self.violation = violation


def body_too_large() -> InvalidBody:
    """The verdict on a body that expands to more than `MAX_BODY_BYTES`, or holds more than `MAX_SAMPLES`."""
    message = f"the body expands to more than {MAX_BODY_BYTES // 2**20} MiB or {MAX_SAMPLES:,} points"
    return InvalidBody(Violation(Reason.BODY_TOO_LARGE, "body", message))


@dataclass(frozen=True, slots=True)
class Reading:
    """The points of a request, and the places in it that hold none, each with the first rule that is broken there.

    `payload` gives what the client wrote at an index, as JSON can say it, for points that are refused later on, too.
    `dropped` names attributes that no dimension was made of, and of how many points; `ignored` counts what is no
    sample, by its kind.
    """

    payload: Callable[[int], object]
    points: list[Point] = field(default_factory=list)
    refusals: list[tuple[int, Violation]] = field(default_factory=list)
    dropped: Mapping[str, int] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)

    @property
    def received(self) -> int:
        """The number of points that the request is accounted for by."""
        return len(self.points) + len(self.refusals)


@dataclass(slots=True)
class BatchReading:
    """The points of a batch's records, one after the other, and `counts` of how many are of each record.

    By the position of its record stands the whole reading of those that have more to say than their points, and the
    verdict on those of which no point can be told.
    """

    points: list[Point] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    others: dict[int, Reading] = field(default_factory=dict)
    invalid: dict[int, Violation] = field(default_factory=dict)
