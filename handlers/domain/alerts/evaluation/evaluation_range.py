"""Evaluation ranges: what an interval is evaluated from, whenever that happens, and which periods are due or late."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set

from handlers.domain.alerts.periods import REMEMBERED_S, Timing, last_complete_period, period_start
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.memory import counts_back_s
from handlers.domain.alerts.windows.aggregation import Window
from handlers.domain.alerts.windows.window_items import WindowItem, Windows, without_duplicates


def due_period(rule: Rule, interval_start_s: int, timing: Timing) -> int | None:
    """The start of the rule's period that ends with the interval, if one does and the rule was in force all along."""
    end_s = interval_start_s + timing.interval_s
    start_s = end_s - rule.period_s
    return start_s if end_s % rule.period_s == 0 and start_s >= rule.in_force_since_s else None


def oldest_period(rule: Rule, interval_start_s: int, timing: Timing) -> int:
    """The start of the oldest period that may still count, and whose windows are still there."""
    end_s = interval_start_s + timing.interval_s
    newest_end_s = period_start(end_s, rule.period_s)
    oldest_s = max(newest_end_s - counts_back_s(rule), end_s - REMEMBERED_S, rule.in_force_since_s)
    return -(-oldest_s // rule.period_s) * rule.period_s


class IntervalItems:
    """The items that intervals are evaluated from, read once for all intervals that an execution makes up for."""

    def __init__(self, windows: Windows, timing: Timing) -> None:
        self._windows, self._timing = windows, timing
        self._read: dict[int, list[WindowItem]] = {}

    def known(self, interval_start_s: int, first_start_s: int) -> list[WindowItem]:
        """The items of windows from a start on that count for the interval, in which every record counts once.

        One interval earlier, because clocks of clients may run ahead; later ones too, because the grace lies in them.
        """
        timing = self._timing
        until_s = timing.known_until(interval_start_s)
        first_s = min(timing.interval_of(first_start_s), interval_start_s) - timing.interval_s
        wanted = range(first_s, timing.interval_of(until_s) + 1, timing.interval_s)
        unread = [start_s for start_s in wanted if start_s not in self._read]
        if unread:
            self._read.update({start_s: [] for start_s in unread})
            for item in self._windows.read(unread):
                self._read[item.interval_start_s].append(item)
        found = (item for start_s in wanted for item in self._read[start_s])
        return without_duplicates(item for item in found if item.written_at_ms <= until_s * 1000)

    def drop_before(self, interval_start_s: int) -> None:
        """Forgets items that the next interval does not need."""
        for start_s in [item for item in self._read if item < interval_start_s]:
            del self._read[start_s]


def late_groups(
    items: Iterable[WindowItem], rules: Iterable[Rule], interval_start_s: int, timing: Timing
) -> Mapping[Window, Set[Group]]:
    """The groups of periods that ended with earlier intervals of which an item may not have been seen then."""
    periods = {selection.selection_id: rule.period_s for rule in rules for selection in rule.asked}
    unseen_after_ms = timing.unseen_after(interval_start_s) * 1000
    found: dict[Window, set[Group]] = defaultdict(set)
    for item in items:
        if item.written_at_ms > unseen_after_ms:
            for window, packed in item.packed(periods):
                if window.start_s <= interval_start_s - periods[window.selection_id]:
                    found[window].update(map(tuple, packed["g"]))
    return found


def periods_again(rule: Rule, interval_start_s: int, timing: Timing) -> range:
    """The starts of all complete periods that may still count."""
    newest_s = last_complete_period(interval_start_s + timing.interval_s, rule.period_s)
    return range(oldest_period(rule, interval_start_s, timing), newest_s + 1, rule.period_s)
