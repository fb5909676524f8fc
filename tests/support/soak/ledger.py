"""The ledger: the version of every point that its client was told is taken, and the requests that nobody knows of."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from handlers.domain.exports.hour import HOUR_S
from tests.support.soak.points import WEIGHTS, Block, Series

Place = tuple[str, int]
"""A series' name, and an hour since 1970."""


@dataclass(frozen=True)
class Sums:
    """Points in short: their number, their values' sum, and that sum with each second's weight."""

    count: int
    values: int
    weighted: int

    @classmethod
    def of(cls, seconds: NDArray[np.int64], values: NDArray[np.int64]) -> "Sums":
        """The sums of points with these times (epoch seconds) and values."""
        return cls(len(values), int(values.sum()), int((values * (seconds % WEIGHTS)).sum()))


@dataclass
class Account:
    """A series, and the version that each of its slots must have; 0 where it has no point."""

    series: Series
    versions: bytearray

    def hours(self) -> Iterator[tuple[int, Sums]]:
        """The sums of the points that must be there, by the hours since 1970 that have any."""
        versions = np.frombuffer(self.versions, np.uint8)
        slots = np.flatnonzero(versions)
        values = self.series.values(slots, versions[slots])
        seconds = self.series.start_s + slots
        hours, starts = np.unique(seconds // HOUR_S, return_index=True)
        for hour, first, stop in zip(hours, starts, [*starts[1:], len(slots)], strict=True):
            yield int(hour), Sums.of(seconds[first:stop], values[first:stop])

    def due(self, hour: int) -> dict[int, int]:
        """The value of each point of an hour that must be there, by its time in epoch seconds."""
        start_s, slots = self.series.start_s, len(self.versions)
        first, stop = (min(max(0, at * HOUR_S - start_s), slots) for at in (hour, hour + 1))
        return {
            self.series.time_s(slot): self.series.value(slot, self.versions[slot])
            for slot in range(first, stop)
            if self.versions[slot]
        }


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

    def due(self) -> dict[Place, Sums]:
        """The sums of all points that must be there, by series and hour."""
        return {
            (name, hour): sums for name, account in self.accounts.items() for hour, sums in account.hours()
        }

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
