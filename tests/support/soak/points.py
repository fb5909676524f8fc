"""Points whose values follow from their series, their time and their version, so that nobody has to remember them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_VALUES = 1 << 22
# Prime, so that no two weights of neighbouring seconds are alike, and small, so that sums of values stay exact.
WEIGHTS = 997


@dataclass(frozen=True)
class Series:
    """A series of one client, with a point each second from `start_s` (epoch seconds) on."""

    name: str
    number: int
    start_s: int

    def value(self, slot: int, version: int) -> int:
        """The value of a slot's point as this version has it."""
        return int(self._formula(slot, version))

    def values(self, slots: NDArray[np.intp], versions: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The values of many slots, each as its version has it."""
        found: NDArray[np.int64] = self._formula(slots.astype(np.int64), versions.astype(np.int64))
        return found

    def _formula(self, slot: Any, version: Any) -> Any:
        return (slot * 7919 + self.number * 104_729 + version * 1_299_709) % _VALUES

    def time_s(self, slot: int) -> int:
        """The time of a slot's point, in epoch seconds."""
        return self.start_s + slot


@dataclass(frozen=True)
class Point:
    """A point as a client sends it."""

    name: str
    time_s: int
    value: int


@dataclass(frozen=True)
class Block:
    """The points of one request: some slots of some series, all of one version."""

    series: tuple[Series, ...]
    first: int
    stop: int
    version: int

    def __len__(self) -> int:
        return len(self.series) * (self.stop - self.first)

    def points(self) -> Iterator[Point]:
        """Each of its points."""
        for series in self.series:
            for slot in range(self.first, self.stop):
                yield Point(series.name, series.time_s(slot), series.value(slot, self.version))
