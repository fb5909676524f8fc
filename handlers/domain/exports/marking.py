"""Late points: which hours they touch, and that those are exported again.

An hour's mark says from when an export is sure to hold the point (`settled_at`), and from when even if the store shows
it hours later (`final_at`). A mark lies a little ahead, so that one serves every late point of the next minutes.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from handlers.domain.exports.hour import Hour, complete_at

SETTLE_SECONDS = 5 * 60
# The store may show a point a moment after it took it: "eventually consistent" reads, and clocks that differ.
MARGIN_SECONDS = 60
# Points that go to the magnetic store become queryable within six hours.
# https://docs.aws.amazon.com/timestream/latest/developerguide/data-ingest.html
MAGNETIC_SECONDS = 6 * 3600
_REMEMBERED = 10_000
_NS = 1_000_000_000


class Mark(NamedTuple):
    """What a late point asks of its hour. Times are seconds since the epoch."""

    due_at: float
    settled_at: float
    final_at: float


class HourMarks(Protocol):
    """Where marks are kept: beside what is known of the hours."""

    def mark(self, marks: Mapping[Hour, Mark], enough: float) -> Mapping[Hour, float]:
        """Marks the hours, except where a mark's `settled_at` is not before `enough` already; for each, the
        `settled_at` that it has then. May raise `TransientError` or `ConfigurationError`.
        """
        ...


class LateHours:
    """Marks the hours of late points; one instance serves a process."""

    def __init__(self, marks: HourMarks, *, lag_seconds: float, memory_seconds: float) -> None:
        self._marks = marks
        self._lag = lag_seconds
        self._memory = memory_seconds
        self._settled: dict[Hour, float] = {}

    def note(self, times_ns: Iterable[int], now: float) -> int:
        """Marks the hours of points that are in the store since `now` at the latest; how many were marked.

        To be called after they were stored and before the batch is done with: a mark without its point would be used
        up too early, a point without its mark would be missing from its export for ever.
        """
        first_on_time = self._first_on_time_ns(now)
        late = {Hour.of_time_ns(time) for time in times_ns if time < first_on_time}
        enough = now + MARGIN_SECONDS
        wanted = {hour: self._mark(hour, now) for hour in sorted(late) if self._settled.get(hour, 0) < enough}
        if not wanted:
            return 0
        if len(self._settled) > _REMEMBERED:
            self._settled.clear()
        self._settled.update(self._marks.mark(wanted, enough))
        return len(wanted)

    def _first_on_time_ns(self, now: float) -> int:
        """Points before this are late: their hour may have been exported, or the store may be slow to show them."""
        open_hour = Hour.containing(now + MARGIN_SECONDS - self._lag)
        shown_at_once = now + MARGIN_SECONDS - self._memory
        return max(open_hour.start, int(shown_at_once)) * _NS

    def _mark(self, hour: Hour, now: float) -> Mark:
        settled = now + SETTLE_SECONDS
        return Mark(max(settled, complete_at(hour, self._lag)), settled, settled + MAGNETIC_SECONDS)
