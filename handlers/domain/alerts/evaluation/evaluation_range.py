"""Which ticks of the windows table an evaluation must read, and which periods it judges again."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from handlers.domain.alerts.periods import Timing, last_complete
from handlers.domain.alerts.rules.rule import MissingData, Rule
from handlers.domain.alerts.rules.selection import Selection
from handlers.domain.alerts.windows.window_items import Partial

# With these policies, silence of a group that was heard in the period before says something.
SILENCE_COUNTS = frozenset({MissingData.BREACHING, MissingData.MISSING})

# Starts of periods whose evidence changed after they were judged, by selection id.
Late = Mapping[str, Set[int]]


@dataclass(frozen=True, slots=True)
class TickRange:
    """The ticks, from one start to another, that an evaluation is about."""

    first: int
    last: int

    def steps(self, timing: Timing) -> range:
        """The starts of the ticks, in order."""
        return range(self.first, self.last + 1, timing.tick)


def due_period(rule: Rule, tick: int, timing: Timing) -> int | None:
    """The start of the rule's period that ends with the tick, if one does."""
    end = tick + timing.tick
    return end - rule.period if end % rule.period == 0 else None


def ticks_to_read(rules: Iterable[Rule], about: TickRange, timing: Timing) -> range:
    """The ticks in which everything lies that the due periods rest on, and in which late partials are noticed."""
    starts = [about.first]
    for rule in rules:
        back = rule.period if rule.missing_data in SILENCE_COUNTS else 0
        due = (due_period(rule, tick, timing) for tick in about.steps(timing))
        starts.extend(start - back for start in due if start is not None)
    return _ticks(min(starts), about, timing)


def late_periods(
    partials: Iterable[Partial], selections: Iterable[Selection], about: TickRange, timing: Timing
) -> Late:
    """Periods judged before this evaluation of which a partial may not have been seen then."""
    periods = {item.selection_id: item.period for item in selections}
    late: dict[str, set[int]] = defaultdict(set)
    for partial in partials:
        for name, start in partial.periods():
            end = start + periods.get(name, about.last + timing.tick)
            if end <= about.first and timing.may_be_unseen(partial.written_at_ms / 1000, end):
                late[name].add(start)
    return late


def more_ticks_to_read(late: Late, read: range, about: TickRange, timing: Timing) -> range:
    """The ticks before those already read in which the rest of the late periods' evidence lies."""
    starts = [start for found in late.values() for start in found]
    if not starts:
        return range(0)
    return range(_ticks(min(starts), about, timing).start, read.start, timing.tick)


def wanted_periods(
    rules: Sequence[Rule], late: Late, about: TickRange, timing: Timing
) -> set[tuple[Selection, int]]:
    """The selections and periods that judging needs the evidence of."""
    return {(rule.selection, start) for rule in rules for start in _wanted(rule, late, about, timing)}


def _wanted(rule: Rule, late: Late, about: TickRange, timing: Timing) -> Iterator[int]:
    newest = last_complete(about.last + timing.tick, rule.period)
    again = late.get(rule.selection.selection_id)
    if again:
        yield from range(min(again), newest + 1, rule.period)
    for tick in about.steps(timing):
        start = due_period(rule, tick, timing)
        if start is not None:
            yield start
            if rule.missing_data in SILENCE_COUNTS:
                yield start - rule.period


def _ticks(first_start: int, about: TickRange, timing: Timing) -> range:
    """One tick earlier, because clocks of clients may run ahead; one later, because the grace lies in it."""
    return range(timing.tick_of(first_start) - timing.tick, about.last + 2 * timing.tick, timing.tick)
