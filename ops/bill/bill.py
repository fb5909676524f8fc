"""The bill of a month: its lines under a load, what stands when nothing happens, and what a million points add."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ops.bill.load import Load
from ops.bill.prices import Line
from ops.bill.rules import lines_of
from ops.bill.template import Deployed

# Without a load of its own a bill says what a million points cost at this one.
REFERENCE_POINTS_PER_SECOND = 100.0


@dataclass(frozen=True)
class Bill:
    """The bill of one region: a month's total is idle_monthly and, for each million points, per_million."""

    load: Load
    kinds: frozenset[str]
    lines: Sequence[Line]
    idle: Sequence[Line]
    per_million: float

    @property
    def monthly(self) -> float:
        """US dollars in a month under the load."""
        return total(self.lines)

    @property
    def idle_monthly(self) -> float:
        """US dollars in a month without a point; people's queries are asked all the same."""
        return total(self.idle)


def bill(deployed: Deployed, load: Load) -> Bill:
    """The bill of a region's templates under a load."""
    idle = lines_of(deployed, replace(load, points_per_second=0.0))
    busy = load if load.active else replace(load, points_per_second=REFERENCE_POINTS_PER_SECOND)
    per_million = (total(lines_of(deployed, busy)) - total(idle)) / (busy.points / 1e6)
    return Bill(load, deployed.kinds(), lines_of(deployed, load), idle, per_million)


def total(lines: Sequence[Line]) -> float:
    """The sum of lines, in US dollars a month."""
    return sum(line.monthly for line in lines)
