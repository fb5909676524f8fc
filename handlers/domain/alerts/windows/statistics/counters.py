"""Counters: what series of growing numbers were at, from which follows how much they grew, restarts and all.

A series grows from each of its points to the next, in the order of their times; where it is less than before, it began
anew at 0. Points of one series may lie in any shard and batch, and between any two there may be one of another that was
greater, so each is kept: only so is the growth the same however the points came.
"""

import hashlib
import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

from handlers.domain.alerts.windows.exact_sum import EXACT
from handlers.domain.point import Point, Series

# Times are kept in the largest of these units that has them all as whole numbers.
_UNITS_NS = (1_000_000_000, 1_000_000, 1_000)

# A time in nanoseconds, and what the series was at.
Reading = tuple[int, float]


class Counters:
    """The readings of each series of a group, by a name for the series that any function makes alike."""

    __slots__ = ("readings",)

    def __init__(self, readings: Mapping[str, Iterable[Reading]] | None = None) -> None:
        self.readings: dict[str, set[Reading]] = defaultdict(set)
        for name, found in (readings or {}).items():
            self.readings[name].update(found)

    @classmethod
    def of(cls, points: Iterable[Point], by: tuple[str, ...] = ()) -> "Counters":
        """The readings that points of a group are, whose dimensions `by` are the same."""
        counters = cls()
        for point in points:
            counters.readings[series_name(point.series, by)].add((point.time_ns, point.value))
        return counters

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counters) and self.readings == other.readings

    __hash__ = None  # type: ignore[assignment]

    def merge(self, other: "Counters") -> "Counters":
        """The readings of both."""
        merged = Counters(self.readings)
        for name, found in other.readings.items():
            merged.readings[name] |= found
        return merged

    def halves(self) -> tuple["Counters", "Counters"]:
        """The readings in two parts of about the same size, of which there must be two."""
        listed = [(name, reading) for name, found in self.readings.items() for reading in sorted(found)]
        parts = Counters(), Counters()
        for place, (name, reading) in enumerate(listed):
            parts[place * 2 // len(listed)].readings[name].add(reading)
        return parts

    def increase(self, before: "Counters | None") -> Fraction | None:
        """The growth of all series together, each from its last reading of the period before, if it had one then.

        None if no series has two readings to compare.
        """
        grown: list[Decimal] = []
        for name, found in self.readings.items():
            base = before.readings.get(name) if before is not None else None
            readings = sorted(found)
            if base:
                readings.insert(0, max(base))
            if len(readings) > 1:
                grown.append(_growth([value for _, value in readings]))
        if not grown:
            return None
        total = grown[0]
        for more in grown[1:]:
            total = EXACT.add(total, more)
        return Fraction(total)


@lru_cache(maxsize=8_192)
def series_name(series: Series, by: tuple[str, ...]) -> str:
    """A letter for a series that is alone in its group but for others of its type, else eight characters.

    Of a million series in a group, two share theirs once in several hundred times.
    """
    rest = [pair for pair in series.dimensions if pair[0] not in by]
    if not rest:
        return series.metric_type[:1]
    said = json.dumps([series.metric_type, rest]).encode()
    return b64encode(hashlib.blake2b(said, digest_size=6).digest()).decode()


def counters_column(groups: Sequence[Counters], start_s: int) -> dict[str, Any]:
    """The counters of groups as they are stored: the time since the window's start and the value of each reading."""
    start_ns = start_s * _UNITS_NS[0]
    times = {time_ns for item in groups for found in item.readings.values() for time_ns, _ in found}
    unit_ns = next((unit for unit in _UNITS_NS if not any(time_ns % unit for time_ns in times)), 1)
    return {
        "u": unit_ns,
        "s": [
            {
                name: [
                    number
                    for time_ns, value in sorted(found)
                    for number in ((time_ns - start_ns) // unit_ns, _short(value))
                ]
                for name, found in item.readings.items()
            }
            for item in groups
        ],
    }


def add_counters(counters: Counters, column: Mapping[str, Any], place: int, start_s: int) -> None:
    """Adds the readings of the group at this place of a column of `counters_column`."""
    unit_ns, start_ns = column["u"], start_s * _UNITS_NS[0]
    for name, numbers in column["s"][place].items():
        times = (start_ns + number * unit_ns for number in numbers[::2])
        counters.readings[name].update(zip(times, map(float, numbers[1::2]), strict=True))


def _growth(values: Sequence[float]) -> Decimal:
    """The growth from the first to the last value: what it is at after each fall is growth as well."""
    total = EXACT.subtract(_decimal(values[-1]), _decimal(values[0]))
    for before, after in pairwise(values):
        if after < before:
            total = EXACT.add(total, _decimal(before))
    return total


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))


def _short(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
