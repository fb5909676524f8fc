"""Stored points: their hours are noted, as hours without points need no query; those of late ones are exported again.

An hour's mark says from when an export is sure to hold the point (`settled_at_s`), and from when even if the store
shows it hours later (`final_at_s`). It lies a little ahead, so that one serves every late point of the next minutes.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from handlers.domain.deadline import Deadline
from handlers.domain.errors import TransientError
from handlers.domain.exports.hour import Hour, complete_at_s

SETTLE_S = 5 * 60
# The store may show a point a moment after it took it: "eventually consistent" reads, and clocks that differ.
MARGIN_S = 60
# Points that go to the magnetic store become queryable within six hours.
# https://docs.aws.amazon.com/timestream/latest/developerguide/data-ingest.html
MAGNETIC_S = 6 * 3600
# In the lake a point is stored when its object is whole, and no Lambda that writes one lives longer than this:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
WHOLE_S = 15 * 60
# An hour that began so long after notes were first looked for has all of its own: a point may be a quarter of an hour
# ahead, and the functions of a deployment are replaced within an hour. They are looked for each hour; in a longer
# silence other code may have been at work, which noted nothing.
NOTES_COMPLETE_S = 2 * 3600
NOTES_SILENCE_S = 90 * 60
# More than a batch can hold hours, or its next try would begin from the start for ever.
_REMEMBERED = 200_000
_AT_ONCE = 200
_MARKED_IN_THE_LAKE = 50
_NS = 1_000_000_000


class Mark(NamedTuple):
    """An hour's mark: when it is due, and from when an export has its late points. In seconds since the epoch."""

    due_at_s: float
    settled_at_s: float
    final_at_s: float


class Settling(NamedTuple):
    """Seconds from the storing of a late point.

    `settle_s` until the export that its mark asks for may begin, `vouched_s` until any that begins is sure to have it,
    and `shown_s` after the former until a store that shows points late has shown it.
    """

    settle_s: float
    vouched_s: float
    shown_s: float


_TABLE = Settling(SETTLE_S, MARGIN_S, MAGNETIC_S)
# Only what was whole when an export began is let go after it, so an export that begins earlier would leave work.
_OBJECTS = Settling(WHOLE_S + SETTLE_S, WHOLE_S + MARGIN_S, 0)


class HourMarks(Protocol):
    """The marks of hours, beside their entries in the ledger. May raise `TransientError` or `ConfigurationError`."""

    def note_points(self, hours: Collection[Hour]) -> None:
        """Notes that the hours have points."""

    def mark_late(self, marks: Mapping[Hour, Mark], *, already_after_s: float) -> Mapping[Hour, float]:
        """Marks the hours but those whose mark settles at `already_after_s` or later as it is.

        For each hour, the `settled_at_s` that it has then.
        """


class StoredHours:
    """Notes the hours of points, and marks those of late ones; one instance serves a process.

    `memory_s` is the age in seconds of points that the store shows late, None for the lake, which shows all at once.
    """

    def __init__(self, marks: HourMarks, *, lag_s: float, memory_s: float | None) -> None:
        self._marks = marks
        self._lag_s = lag_s
        self._memory_s = memory_s
        self._settling = _OBJECTS if memory_s is None else _TABLE
        self._settled_at_s: dict[Hour, float] = {}
        self._noted: set[Hour] = set()

    def note(self, times_ns: Sequence[int], deadline: Deadline) -> None:
        """Notes the hours of points; to be called before they are stored. `TransientError` if that takes too long.

        A note without a point costs one count, a point without its note would be missing from its export for ever.
        """
        new = Hour.of_times_ns(times_ns) - self._noted
        if len(self._noted) > _REMEMBERED:
            self._noted.clear()
        for some in _in_parts(sorted(new), deadline):
            self._marks.note_points(some)
            self._noted.update(some)

    def on_stored(self, times_ns: Sequence[int], now_s: float, deadline: Deadline) -> int:
        """Marks the hours of late points that are in the store by now; the number of these hours.

        To be called after they were stored and before the batch is done with: a mark without its point would be used
        up too early, a point without its mark would be missing from its export for ever. In the lake only the newest
        are marked, as whoever lets objects go asks for the hours of what is left over. `TransientError` if it takes too
        long; what was marked by then need not be marked at the next try.
        """
        self.note(times_ns, deadline)
        first_on_time_ns = self._first_on_time_ns(now_s)
        is_late = bool(times_ns) and min(times_ns) < first_on_time_ns
        late = (
            Hour.of_times_ns([time_ns for time_ns in times_ns if time_ns < first_on_time_ns])
            if is_late
            else set()
        )
        already_after_s = now_s + self._settling.vouched_s
        if self._memory_s is None:
            late = set(sorted(late)[-_MARKED_IN_THE_LAKE:])
        unmarked = [hour for hour in sorted(late) if self._settled_at_s.get(hour, 0) < already_after_s]
        if len(self._settled_at_s) > _REMEMBERED:
            self._settled_at_s.clear()
        for some in _in_parts(unmarked, deadline):
            marks = {hour: self._mark(hour, now_s) for hour in some}
            self._settled_at_s.update(self._marks.mark_late(marks, already_after_s=already_after_s))
        return len(unmarked)

    def _first_on_time_ns(self, now_s: float) -> int:
        """Points before this are late: their hour may have been exported, or the store may be slow to show them."""
        open_hour = Hour.containing(now_s + MARGIN_S - self._lag_s)
        if self._memory_s is None:
            return open_hour.start_s * _NS
        shown_at_once_s = now_s + MARGIN_S - self._memory_s
        return max(open_hour.start_s, int(shown_at_once_s)) * _NS

    def _mark(self, hour: Hour, now_s: float) -> Mark:
        settled_at_s = now_s + self._settling.settle_s
        due_at_s = max(settled_at_s, complete_at_s(hour, self._lag_s))
        return Mark(due_at_s, settled_at_s, settled_at_s + self._settling.shown_s)


def _in_parts(hours: Sequence[Hour], deadline: Deadline) -> Iterator[Sequence[Hour]]:
    """The hours, some at a time, while there is time; `TransientError` if there is none left for all."""
    for first in range(0, len(hours), _AT_ONCE):
        if deadline.seconds_left() <= 0:
            raise TransientError(f"no time for the notes and marks of {len(hours) - first} hours")
        yield hours[first : first + _AT_ONCE]
