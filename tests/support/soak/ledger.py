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

    def __add__(self, other: "Sums") -> "Sums":
        """The sums of both."""
        return Sums(self.count + other.count, self.values + other.values, self.weighted + other.weighted)


@dataclass
class Account:
    """A series, and the version that each of its slots must have; 0 where it must have no point."""

    series: Series
    versions: bytearray
    unsure: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Slots of abandoned requests, each with the version of before (0: none) and that of the request."""

    def hours(self) -> Iterator[tuple[int, Sums]]:
        """The sums of the points that must be there, by the hours since 1970 that have any."""
        versions = np.frombuffer(self.versions, np.uint8)
        slots = np.flatnonzero(versions)
        return _by_hour(self.series, slots, versions[slots])

    def allowed(self, slot: int) -> list[list[int]]:
        """The values that a slot's time may have: of one point, or of none."""
        versions = self.unsure.get(slot) or ((self.versions[slot] if 0 <= slot < len(self.versions) else 0),)
        return [[self.series.value(slot, version)] if version else [] for version in versions]

    def slots(self, hour: int) -> range:
        """The slots whose times lie in an hour."""
        first, stop = (
            min(max(0, at * HOUR_S - self.series.start_s), len(self.versions)) for at in (hour, hour + 1)
        )
        return range(first, stop)


@dataclass(frozen=True)
class Abandoned:
    """A request that its client gave up, not knowing if it was taken; `before` is the version that its points had."""

    block: Block
    before: int

    def sides(self) -> tuple[dict[Place, Sums], dict[Place, Sums]]:
        """The sums of its points as they are if it was not taken, and if it was: all of it, or nothing."""
        return self._sums(self.before), self._sums(self.block.version)

    def _sums(self, version: int) -> dict[Place, Sums]:
        slots = np.arange(self.block.first, self.block.stop)
        versions = np.full(len(slots), version, np.uint8)
        return {
            (series.name, hour): sums
            for series in (self.block.series if version else ())
            for hour, sums in _by_hour(series, slots, versions)
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
    abandoned: list[Abandoned] = field(default_factory=list)
    """Requests of points that may be as they were, or as the request has them."""
    given_up: int = 0
    """Requests that were given up; one that sent again what was taken leaves nothing unsure."""
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

    def note_abandoned(self, block: Block, before: int) -> None:
        """Note a request that was given up: of its points both versions are right from now on, the same of all."""
        with self._lock:
            self.given_up += 1
            if before == block.version:
                return
            self.abandoned.append(Abandoned(block, before))
        for series in block.series:
            account = self.accounts[series.name]
            for slot in range(block.first, block.stop):
                account.versions[slot] = 0
                account.unsure[slot] = before, block.version

    def note_bad(self, names: Mapping[str, str]) -> None:
        """Note points that were taken and must be in the quarantine: name and request id."""
        with self._lock:
            self.bad.update(names)
            self.points["bad"] += len(names)

    @property
    def taken(self) -> int:
        """The points of requests that were answered with yes."""
        return sum(self.points.values())


def _by_hour(
    series: Series, slots: NDArray[np.intp], versions: NDArray[np.uint8]
) -> Iterator[tuple[int, Sums]]:
    """The sums of some slots' points, by the hours since 1970 that have any."""
    values = series.values(slots, versions)
    seconds = series.start_s + slots
    hours, starts = np.unique(seconds // HOUR_S, return_index=True)
    stops = [*starts[1:], len(slots)][: len(hours)]
    for hour, first, stop in zip(hours, starts, stops, strict=True):
        yield int(hour), Sums.of(seconds[first:stop], values[first:stop])
