"""The windows table as the aggregator and the evaluator see it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from handlers.domain.alerts.windows.aggregation import WindowAggregates
from handlers.domain.alerts.windows.window_items import BatchRange, WindowItem


class Windows(Protocol):
    """Window aggregates by the interval they were written in, and who evaluates which interval.

    Intervals are named by their start, in seconds. Every method raises `TransientError` when it may be tried again.
    """

    def write(self, aggregates: WindowAggregates, batch: BatchRange) -> int:
        """Writes a batch's aggregates, whole or not at all; the bytes it took."""
        ...

    def read(self, intervals: Iterable[int]) -> list[WindowItem]:
        """All items of these intervals; one that was written in the last moments may be missing."""
        ...

    def claim(self, interval_start_s: int, now_s: float) -> bool:
        """True if the interval's evaluation is the caller's from now on: it was free, or its execution is dead."""
        ...

    def give_back(self, interval_start_s: int) -> None:
        """Takes a claim back, so that the interval can be claimed again."""
        ...

    def unfinished(self, intervals: Sequence[int], now_s: float) -> list[int]:
        """Those of the intervals that may be claimed."""
        ...

    def finish(self, intervals: Iterable[int], now_s: float) -> None:
        """Marks intervals as evaluated."""
        ...
