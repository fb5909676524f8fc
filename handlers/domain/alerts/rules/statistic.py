"""Statistics: the numbers that rules compare, and the parts that windows keep for them."""

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar


class Part(StrEnum):
    """A part of what windows keep of a group's points, each with columns of its own. The count is always there."""

    TOTAL = "total"
    EXTREMES = "extremes"
    SQUARES = "squares"
    SKETCH = "sketch"
    COUNTERS = "counters"


# Those that windows have only where a rule asks for them.
KEPT_ON_DEMAND = frozenset({Part.SQUARES, Part.SKETCH, Part.COUNTERS})
# In the order in which people are told of them.
_PARTS = {
    "avg": frozenset({Part.TOTAL}),
    "sum": frozenset({Part.TOTAL}),
    "min": frozenset({Part.EXTREMES}),
    "max": frozenset({Part.EXTREMES}),
    "count": frozenset[Part](),
    "stddev": frozenset({Part.TOTAL, Part.SQUARES}),
    "increase": frozenset({Part.COUNTERS}),
    "rate": frozenset({Part.COUNTERS}),
}
PLAIN = tuple(_PARTS)
# By what merging them takes of groups with some ten points in each batch (docs/alerts.md, How much it can judge).
_WEIGHTS = {Part.SQUARES: 3, Part.SKETCH: 8, Part.COUNTERS: 13}
_PERCENTILE = re.compile(r"p(0\.[1-9]|[1-9][0-9]?(\.[0-9])?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Statistic:
    """The statistic of a period's values that is compared, by the name that rules have for it."""

    name: str

    AVG: ClassVar["Statistic"]
    SUM: ClassVar["Statistic"]
    MIN: ClassVar["Statistic"]
    MAX: ClassVar["Statistic"]
    COUNT: ClassVar["Statistic"]
    STDDEV: ClassVar["Statistic"]
    INCREASE: ClassVar["Statistic"]
    RATE: ClassVar["Statistic"]
    # Of two selections: a rule that has it says of which, and of which statistics.
    RATIO: ClassVar["Statistic"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def read(cls, text: str) -> "Statistic | None":
        """The statistic of this name, `p99.0` as `p99`; None if there is none."""
        if text in _PARTS or _PERCENTILE.fullmatch(text):
            return cls(text.removesuffix(".0"))
        return None

    @property
    def percent(self) -> Fraction | None:
        """The percent of the values that are at most the percentile; None for other statistics."""
        return _percent_of(self.name)

    @property
    def parts(self) -> frozenset[Part]:
        """The parts of windows that it is reckoned from."""
        return _PARTS.get(self.name, frozenset({Part.EXTREMES, Part.SKETCH}))

    @property
    def weight(self) -> int:
        """The work of merging it, in that of merging a sum."""
        return max((_WEIGHTS.get(part, 1) for part in self.parts), default=1)

    @property
    def is_zero_without_points(self) -> bool:
        """True if a period without points has a value all the same, 0."""
        return self in (Statistic.COUNT, Statistic.SUM)

    @property
    def is_never_negative(self) -> bool:
        """True if no points make it less than 0."""
        return self in (Statistic.COUNT, Statistic.STDDEV) or self.follows_series

    @property
    def follows_series(self) -> bool:
        """True if each series goes on from its last point of the period before."""
        return self in (Statistic.INCREASE, Statistic.RATE)


@lru_cache(maxsize=1_024)
def _percent_of(name: str) -> Fraction | None:
    return Fraction(name[1:]) if _PERCENTILE.fullmatch(name) else None


Statistic.AVG, Statistic.SUM = Statistic("avg"), Statistic("sum")
Statistic.MIN, Statistic.MAX = Statistic("min"), Statistic("max")
Statistic.COUNT, Statistic.STDDEV = Statistic("count"), Statistic("stddev")
Statistic.INCREASE, Statistic.RATE = Statistic("increase"), Statistic("rate")
Statistic.RATIO = Statistic("ratio")
