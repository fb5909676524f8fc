"""Metrics as CloudWatch keeps them: values by minute, under a namespace, a name and dimensions."""

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from emulator.clock import Clock
from emulator.cloudwatch.statistics import Values

Dimensions = tuple[tuple[str, str], ...]
"""Names and values, in the order of the names."""

# A day of them; what is older is forgotten, where CloudWatch keeps minutes for fifteen days.
_MINUTES_KEPT = 1440
# Values wait for whoever reads, or for so many others.
_TAKEN_AT_ONCE = 1000
_NO_DIMENSIONS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class MetricId:
    """The identity of a metric in a region."""

    namespace: str
    name: str
    dimensions: Dimensions


@dataclass(slots=True)
class _Series:
    unit: str
    minutes: dict[int, Values] = field(default_factory=dict)


class RegionMetrics:
    """The metrics of one region; safe to use from many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._series: dict[MetricId, _Series] = {}
        self._fresh: deque[tuple[_Series, int, float, float]] = deque()

    def put(
        self,
        namespace: str,
        name: str,
        value: float,
        dimensions: Mapping[str, str] = _NO_DIMENSIONS,
        *,
        unit: str = "Count",
        count: float = 1.0,
        at_s: float | None = None,
    ) -> None:
        """Take a value, `count` times, that was measured now or `at_s` seconds after the epoch."""
        series, minute = self._place(namespace, name, dimensions, unit, at_s)
        # Every request puts some: none waits for another, or for a reader.
        self._fresh.append((series, minute, value, count))
        if len(self._fresh) > _TAKEN_AT_ONCE and self._lock.acquire(blocking=False):
            try:
                self._take_fresh()
            finally:
                self._lock.release()

    def put_set(
        self,
        namespace: str,
        name: str,
        values: Values,
        dimensions: Mapping[str, str],
        *,
        unit: str,
        at_s: float | None,
    ) -> None:
        """Take values of which only the statistics are known."""
        series, minute = self._place(namespace, name, dimensions, unit, at_s)
        with self._lock:
            series.minutes[minute] = Values.merged([self._minute(series, minute), values])

    def values(self, metric: MetricId, first: int, stop: int, *, unit: str | None = None) -> Values | None:
        """The values from minute `first` to before minute `stop`, of a unit if it is given; None if there are none."""
        with self._lock:
            self._take_fresh()
            series = self._series.get(metric)
            if series is None or unit not in {None, series.unit}:
                return None
            if stop - first < len(series.minutes):
                found = [series.minutes[minute] for minute in range(first, stop) if minute in series.minutes]
            else:
                found = [values for minute, values in series.minutes.items() if first <= minute < stop]
            return Values.merged(found) if found else None

    def unit(self, metric: MetricId) -> str:
        """The unit that a metric's values have; "None" where there are none."""
        series = self._series.get(metric)
        return series.unit if series else "None"

    def ids(self) -> Iterator[MetricId]:
        """Every metric that has values."""
        with self._lock:
            return iter(tuple(self._series))

    def _place(
        self, namespace: str, name: str, dimensions: Mapping[str, str], unit: str, at_s: float | None
    ) -> tuple[_Series, int]:
        metric = MetricId(namespace, name, tuple(sorted(dimensions.items())))
        series = self._series.get(metric)
        if series is None:
            with self._lock:
                series = self._series.setdefault(metric, _Series(unit))
        return series, int((self._clock.now() if at_s is None else at_s) // 60)

    def _take_fresh(self) -> None:
        """Add the values that were put since, with the lock held; others may be put meanwhile."""
        for _ in range(len(self._fresh)):
            series, minute, value, count = self._fresh.popleft()
            self._minute(series, minute).add(value, count)

    @staticmethod
    def _minute(series: _Series, minute: int) -> Values:
        values = series.minutes.get(minute)
        if values is None:
            values = series.minutes[minute] = Values()
            if len(series.minutes) > _MINUTES_KEPT:
                del series.minutes[min(series.minutes)]
        return values


class Metrics:
    """The metrics of every region."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._regions: dict[str, RegionMetrics] = {}
        self._lock = threading.Lock()

    def of(self, region: str) -> RegionMetrics:
        """A region's metrics."""
        with self._lock:
            return self._regions.setdefault(region, RegionMetrics(self.clock))

    @property
    def regions(self) -> Mapping[str, RegionMetrics]:
        """Each region that was asked for, with its metrics."""
        with self._lock:
            return dict(self._regions)
