"""The values of a metric in one period, and the statistics that CloudWatch makes of them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

# Percentiles are of values with so many significant digits; the other statistics are exact.
_DIGITS = 3
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")

SIMPLE = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")


@dataclass(slots=True)
class Values:
    """Values put for one period; `distribution` is how often each one came, as far as it is known."""

    count: float = 0.0
    sum: float = 0.0
    minimum: float = math.inf
    maximum: float = -math.inf
    distribution: dict[float, float] = field(default_factory=dict)

    def add(self, value: float, count: float = 1.0) -> None:
        """Take a value, `count` times."""
        self.count += count
        self.sum += value * count
        self.minimum = min(self.minimum, value)
        self.maximum = max(self.maximum, value)
        rounded = _rounded(value)
        self.distribution[rounded] = self.distribution.get(rounded, 0.0) + count

    @classmethod
    def merged(cls, parts: Iterable["Values"]) -> Self:
        """The values of several periods as those of one."""
        whole = cls()
        for part in parts:
            whole.count += part.count
            whole.sum += part.sum
            whole.minimum = min(whole.minimum, part.minimum)
            whole.maximum = max(whole.maximum, part.maximum)
            for value, count in part.distribution.items():
                whole.distribution[value] = whole.distribution.get(value, 0.0) + count
        return whole

    def statistic(self, name: str) -> float:
        """A statistic of at least one value: one of SIMPLE, or a percentile such as p99.9; ValueError for another."""
        match name:
            case "Average":
                return self.sum / self.count
            case "Maximum":
                return self.maximum
            case "Minimum":
                return self.minimum
            case "SampleCount":
                return self.count
            case "Sum":
                return self.sum
        found = _PERCENTILE.fullmatch(name)
        if found is None:
            raise ValueError(f"the statistic {name} is not made here")
        return self._percentile(float(found[1]) / 100)

    def _percentile(self, share: float) -> float:
        """The smallest value that so large a share of the values does not exceed."""
        wanted, seen = share * self.count, 0.0
        for value, count in sorted(self.distribution.items()):
            seen += count
            if seen >= wanted:
                return min(max(value, self.minimum), self.maximum)
        return self.maximum


def _rounded(value: float) -> float:
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, _DIGITS - 1 - math.floor(math.log10(abs(value))))
