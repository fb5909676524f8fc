"""Count, sum, minimum and maximum of some values, which merge exactly in any order."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext
from fractions import Fraction

# A double counts as the decimal number it is written as, so 0.1 + 0.2 is 0.3 whichever comes first, and a sum
# takes few bytes. Every sum of doubles fits: at most 309 digits before the point, 342 behind it, and those that a
# count adds. If that were wrong, the trap would tell instead of rounding.
_EXACT = Context(prec=1000, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])


@dataclass(frozen=True, slots=True)
class StatisticSet:
    """At least one value, reduced to what the statistics of a rule need."""

    count: int
    total: Decimal
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "StatisticSet":
        """The statistics of values, of which there must be one."""
        # Adding zero turns -0.0 into 0.0: which of the two is the minimum would depend on the order.
        numbers = [value + 0.0 for value in values]
        if len(numbers) == 1:
            return cls(1, Decimal(repr(numbers[0])), numbers[0], numbers[0])
        with localcontext(_EXACT):
            total = sum(map(Decimal, map(repr, numbers)), Decimal(0))
        return cls(len(numbers), total, min(numbers), max(numbers))

    def merge(self, other: "StatisticSet") -> "StatisticSet":
        """The statistics of both sets' values together."""
        return StatisticSet(
            self.count + other.count,
            _EXACT.add(self.total, other.total),
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
        )

    def value(self, statistic: str) -> Fraction:
        """One of avg, sum, min, max and count, exactly."""
        match statistic:
            case "avg":
                return Fraction(self.total) / self.count
            case "sum":
                return Fraction(self.total)
            case "min":
                return Fraction(repr(self.minimum))
            case "max":
                return Fraction(repr(self.maximum))
            case "count":
                return Fraction(self.count)
            case _:
                raise ValueError(f"no such statistic: {statistic!r}")


def total_text(total: Decimal) -> str:
    """A sum in the fewest characters, from which `Decimal` reads exactly the same number."""
    normal = _EXACT.normalize(total)
    plain, scientific = format(normal, "f"), str(normal)
    return plain if len(plain) <= len(scientific) else scientific
