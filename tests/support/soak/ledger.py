"""The ledger: the version of every point that its client was told is taken, and the requests that nobody knows of."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.support.soak.points import WEIGHTS, Block, Series


@dataclass(frozen=True)
class Sums:
    """The points of a series in short: their number, their values' sum, and that sum with each second's weight."""

    count: int
    values: int
    weighted: int


@dataclass
class Account:
    """A series, and the version that each of its slots must have; 0 where it has no point."""

    series: Series
    versions: bytearray

    def sums(self) -> Sums:
        """The sums of the points that must be there."""
        values = weighted = count = 0
        for slot, version in enumerate(self.versions):
            if version:
                value = self.series.value(slot, version)
                count += 1
                values += value
                weighted += value * (self.series.time_s(slot) % WEIGHTS)
        return Sums(count, values, weighted)

    def expected(self) -> Iterator[tuple[int, int]]:
        """The time (epoch seconds) and the value of each point that must be there."""
        for slot, version in enumerate(self.versions):
            if version:
                yield self.series.time_s(slot), self.series.value(slot, version)


@dataclass
class Ledger:
    """The accounts of all series, and counts of what clients were told. Each thread has series of its own."""

    accounts: dict[str, Account] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    """The metric names of points that must be in the quarantine, each with the request that it was accepted with."""
    told: Counter[str] = field(default_factory=Counter)
    """Answers by status; `none` where there was none."""
    points: Counter[str] = field(default_factory=Counter)
    """Points by what was done with them: new, corrected, repeated, bad; each as often as its client was told yes."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, series: Series, slots: int) -> None:
        """Begin the account of a series that will have this many slots."""
        self.accounts[series.name] = Account(series, bytearray(slots))

    def note_answer(self, status: str) -> None:
        """Count an answer."""
        with self._lock:
            self.told[status] += 1

    def note_taken(self, block: Block, kind: str) -> None:
        """Note that a block's client was told yes: from now on its points have its version."""
        for series in block.series:
            versions = self.accounts[series.name].versions
            versions[block.first : block.stop] = bytes([block.version]) * (block.stop - block.first)
        with self._lock:
            self.points[kind] += len(block)

    def note_bad(self, names: Mapping[str, str]) -> None:
        """Note points that were taken and must be in the quarantine: name and request id."""
        with self._lock:
            self.bad.update(names)
            self.points["bad"] += len(names)

    @property
    def taken(self) -> int:
        """The points of requests that were answered with yes."""
        return sum(self.points.values())
