"""Evaluation ranges: the intervals of the windows table to read, and the periods to evaluate, or to evaluate again."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from handlers.domain.alerts.periods import Timing, last_complete_period
from handlers.domain.alerts.rules.rule import MissingData, Rule
from handlers.domain.alerts.rules.selection import Selection
from handlers.domain.alerts.windows.window_items import WindowItem

# With these policies, silence of a group that was heard in the period before may say something.
SILENCE_COUNTS = frozenset({MissingData.BREACHING, MissingData.MISSING, MissingData.ZERO})

# Starts of periods whose windows changed after they were evaluated, by selection id.
LatePeriods = Mapping[str, Set[int]]


@dataclass(frozen=True, slots=True)
class IntervalRange:
    """The intervals, from one start to another, that an evaluation is for."""

    first_s: int
    last_s: int

    def starts(self, timing: Timing) -> range:
        """The starts of the intervals, in order."""
        return range(self.first_s, self.last_s + 1, timing.interval_s)


def due_period(rule: Rule, interval_start_s: int, timing: Timing) -> int | None:
    """The start of the rule's period that ends with the interval, if one does."""
    end_s = interval_start_s + timing.interval_s
    return end_s - rule.period_s if end_s % rule.period_s == 0 else None


def intervals_to_read(rules: Iterable[Rule], intervals: IntervalRange, timing: Timing) -> range:
    """The intervals that hold all windows of the due periods, and in which late items are noticed."""
    starts = [intervals.first_s]
    for rule in rules:
        back_s = rule.period_s if rule.missing_data in SILENCE_COUNTS else 0
        due = (due_period(rule, start_s, timing) for start_s in intervals.starts(timing))
        starts.extend(start_s - back_s for start_s in due if start_s is not None)
    return _around(min(starts), intervals, timing)


def late_periods(
    items: Iterable[WindowItem], selections: Iterable[Selection], intervals: IntervalRange, timing: Timing
) -> LatePeriods:
    """Periods evaluated before of which an item may not have been seen then."""
    periods = {item.selection_id: item.period_s for item in selections}
    late: dict[str, set[int]] = defaultdict(set)
    for item in items:
        for selection_id, start_s in item.windows():
            end_s = start_s + periods.get(selection_id, intervals.last_s + timing.interval_s)
            if end_s <= intervals.first_s and timing.may_be_unseen(item.written_at_ms / 1000, end_s):
                late[selection_id].add(start_s)
    return late


def earlier_intervals_to_read(
    late: LatePeriods, read: range, intervals: IntervalRange, timing: Timing
) -> range:
    """The intervals before those already read that hold the rest of the late periods' windows."""
    starts = [start_s for found in late.values() for start_s in found]
    if not starts:
        return range(0)
    return range(_around(min(starts), intervals, timing).start, read.start, timing.interval_s)


def wanted_periods(
    rules: Sequence[Rule], late: LatePeriods, intervals: IntervalRange, timing: Timing
) -> set[tuple[Selection, int]]:
    """The selections and starts of periods whose windows the evaluation needs."""
    return {(rule.selection, start_s) for rule in rules for start_s in _wanted(rule, late, intervals, timing)}


def _wanted(rule: Rule, late: LatePeriods, intervals: IntervalRange, timing: Timing) -> Iterator[int]:
    newest_s = last_complete_period(intervals.last_s + timing.interval_s, rule.period_s)
    again = late.get(rule.selection.selection_id)
    if again:
        yield from range(min(again), newest_s + 1, rule.period_s)
    for interval_start_s in intervals.starts(timing):
        start_s = due_period(rule, interval_start_s, timing)
        if start_s is not None:
            yield start_s
            if rule.missing_data in SILENCE_COUNTS:
                yield start_s - rule.period_s


def _around(first_start_s: int, intervals: IntervalRange, timing: Timing) -> range:
    """One interval earlier, because clocks of clients may run ahead; one later, because the grace lies in it."""
    first_s = timing.interval_of(first_start_s) - timing.interval_s
    return range(first_s, intervals.last_s + 2 * timing.interval_s, timing.interval_s)
