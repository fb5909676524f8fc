"""Statistic sets: what is kept of some values, which merges exactly in any order.

Each has count, sum and extremes, and those parts (`statistics`) that a rule of its points asks for. A new statistic is
a name in `rules.statistic` with the parts it needs and, here, a case of `value`; a new part also has its field, with
its place in `of`, `merge` and `columns`, and in `merging`.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from handlers.domain.alerts.rules.rule import exact_fraction
from handlers.domain.alerts.rules.statistic import Part, Statistic
from handlers.domain.alerts.windows.exact_sum import EXACT, exact_sum, exact_text, short_texts
from handlers.domain.alerts.windows.statistics.counters import Counters, counters_column
from handlers.domain.alerts.windows.statistics.sketch import Sketch
from handlers.domain.alerts.windows.statistics.squares import Squares

NOTHING_MORE: Set[Part] = frozenset()
_Part = TypeVar("_Part", Squares, Sketch, Counters)


# Not frozen: there is one for each group of each batch, and a frozen one takes three times as long to make.
@dataclass(slots=True)
class StatisticSet:
    """At least one value, reduced to what the statistics of a rule need; a part that nobody asked for is None."""

    count: int
    total: Decimal
    minimum: float
    maximum: float
    squares: Squares | None = None
    sketch: Sketch | None = None
    counters: Counters | None = None

    @classmethod
    def of(
        cls, values: Sequence[float], parts: Set[Part] = NOTHING_MORE, counters: Counters | None = None
    ) -> "StatisticSet":
        """The statistics of values, of which there must be one, with these parts; counters are made of points."""
        # Adding zero turns -0.0 into 0.0: which of the two is the minimum would depend on the order.
        if len(values) == 1:
            number = values[0] + 0.0
            total = Decimal(repr(number))
            if not parts:
                return cls(1, total, number, number, counters=counters)
            squares = Squares.of((number,), total) if Part.SQUARES in parts else None
            sketch = Sketch((number,)) if Part.SKETCH in parts else None
            return cls(1, total, number, number, squares, sketch, counters)
        numbers = [value + 0.0 for value in values]
        total = exact_sum(numbers)
        return cls(
            len(numbers),
            total,
            min(numbers),
            max(numbers),
            Squares.of(numbers, total) if Part.SQUARES in parts else None,
            Sketch(numbers) if Part.SKETCH in parts else None,
            counters,
        )

    def merge(self, other: "StatisticSet") -> "StatisticSet":
        """The statistics of both sets' values together; values whose part nobody asked for do not count in it."""
        return StatisticSet(
            self.count + other.count,
            EXACT.add(self.total, other.total),
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            _merged(self.squares, other.squares),
            _merged(self.sketch, other.sketch),
            _merged(self.counters, other.counters),
        )

    def halves(self) -> tuple["StatisticSet", "StatisticSet"]:
        """Two sets that merge to this one, each with half of the counters: nothing else of one group may be large."""
        if self.counters is None:
            raise ValueError("a statistic set without counters is too large for an item")
        first, second = self.counters.halves()
        rest = StatisticSet(0, Decimal(0), self.minimum, self.maximum, counters=second)
        return replace(self, counters=first), rest

    def quotient(self, statistic: Statistic) -> tuple[int, int] | None:
        """Two whole numbers of which the exact value is the quotient; None where they are not at hand."""
        match statistic.name:
            case "avg":
                over, under = self.total.as_integer_ratio()
                return over, under * self.count
            case "sum":
                return self.total.as_integer_ratio()
            case "count":
                return self.count, 1
        return None

    def value(
        self, statistic: Statistic, period_s: int = 1, before: Counters | None = None
    ) -> Fraction | None:
        """The exact value of a statistic, a percentile's within its error; None if these points give it none.

        Counters go on from what they were at in the period `before`; a rate is by the second of `period_s`.
        """
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
            case Statistic.STDDEV:
                return None if self.squares is None else self.squares.deviation()
            case Statistic.INCREASE:
                return None if self.counters is None else self.counters.increase(before)
            case Statistic.RATE:
                grown = None if self.counters is None else self.counters.increase(before)
                return None if grown is None else grown / period_s
        percent = statistic.percent
        if percent is None or self.sketch is None:
            return None
        return self.sketch.percentile(percent, self.minimum, self.maximum)


def columns(sets: Sequence[StatisticSet], start_s: int) -> dict[str, Any]:
    """Statistic sets of the window that starts then as the columns that are stored.

    They compress better than rows, and one value is said once.
    """
    found: dict[str, Any] = {
        "n": [item.count for item in sets],
        "t": ",".join(_total_texts(sets)),
        "l": ",".join("" if item.count == 1 else _text(item.minimum) for item in sets),
        "h": ",".join("" if item.count == 1 else _text(item.maximum) for item in sets),
    }
    squares = [item.squares for item in sets if item.squares is not None]
    if squares and len(squares) == len(sets):
        found["s"] = ",".join(kept.text() for kept in squares)
    sketches = [item.sketch for item in sets if item.sketch is not None]
    if sketches and len(sketches) == len(sets):
        found["q"] = ",".join(sketch.text() for sketch in sketches)
    counters = [item.counters for item in sets if item.counters is not None]
    if counters and len(counters) == len(sets):
        found["c"] = counters_column(counters, start_s)
    return found


def _merged(mine: _Part | None, its: _Part | None) -> _Part | None:
    if mine is None or its is None:
        return its if mine is None else mine
    return mine.merge(its)


def _total_texts(sets: Sequence[StatisticSet]) -> Iterator[str]:
    """The sums; those of one value, nearly all, are written at once."""
    single = short_texts([item.minimum for item in sets if item.count == 1])
    for item in sets:
        yield next(single) if item.count == 1 else exact_text(item.total)


def _text(number: float) -> str:
    return repr(number).removesuffix(".0")
