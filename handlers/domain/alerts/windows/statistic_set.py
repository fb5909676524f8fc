"""Statistic sets: count, sum, minimum and maximum of some values, which merge exactly in any order.

A new statistic of rules is a member of `Statistic` and, here, a case of `value`; if a set does not hold what it needs,
also a field, with its part in `of` and `merge`, and a column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from handlers.domain.alerts.rules.rule import Statistic, exact_fraction
from handlers.domain.alerts.windows.exact_sum import EXACT, exact_sum


@dataclass(frozen=True, slots=True)
class StatisticSet:
    """At least one value, reduced to what the statistics of a rule need."""

    count: int
    total: Decimal
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "StatisticSet":
        """The statistics of values, of which there must be one."""
        # Adding zero turns -0.0 into 0.0: which of the two is the minimum would depend on the order.
        if len(values) == 1:
            number = values[0] + 0.0
            return cls(1, Decimal(repr(number)), number, number)
        numbers = [value + 0.0 for value in values]
        return cls(len(numbers), exact_sum(numbers), min(numbers), max(numbers))

    def merge(self, other: "StatisticSet") -> "StatisticSet":
        """The statistics of both sets' values together."""
        return StatisticSet(
            self.count + other.count,
            EXACT.add(self.total, other.total),
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
        )

    def value(self, statistic: Statistic) -> Fraction:
        """The exact value of a statistic."""
        match statistic:
            case Statistic.AVG:
                return Fraction(self.total) / self.count
            case Statistic.SUM:
                return Fraction(self.total)
            case Statistic.MIN:
                return exact_fraction(self.minimum)
            case Statistic.MAX:
                return exact_fraction(self.maximum)
            case Statistic.COUNT:
                return Fraction(self.count)


def columns(sets: Sequence[StatisticSet]) -> dict[str, Any]:
    """Statistic sets as the columns that are stored: they compress better than rows, and one value is said once."""
    return {
        "n": [item.count for item in sets],
        "t": ",".join(total_text(item.total) for item in sets),
        "l": ",".join("" if item.count == 1 else _text(item.minimum) for item in sets),
        "h": ",".join("" if item.count == 1 else _text(item.maximum) for item in sets),
    }


def _text(number: float) -> str:
    return repr(number).removesuffix(".0")


def total_text(total: Decimal) -> str:
    """A sum in the fewest characters, from which `Decimal` reads exactly the same number."""
    normal = EXACT.normalize(total)
    plain, scientific = format(normal, "f"), str(normal)
    return plain if len(plain) <= len(scientific) else scientific
