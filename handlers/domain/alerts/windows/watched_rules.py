"""The rules in force as a batch needs them: the points they ask for, and which of them a batch breaches by itself."""

from collections.abc import Collection, Iterable, Mapping

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule, RuleSet
from handlers.domain.alerts.rules.statistic import Statistic
from handlers.domain.alerts.windows.aggregation import WindowAggregates
from handlers.domain.alerts.windows.selection_index import SelectionIndex
from handlers.domain.alerts.windows.statistic_set import StatisticSet

_ROOM, _TINY = 1 + 1e-12, 1e-300


class WatchedRules:
    """The rules of a set whose periods consist of whole intervals; made once, as long as the set stays what it is."""

    def __init__(self, known: RuleSet, timing: Timing) -> None:
        self._of = list(known.rules)
        self.rules = [rule for rule in known.rules if rule.period_s % timing.interval_s == 0]
        self.unreadable = known.unreadable + len(known.rules) - len(self.rules)
        self.index = SelectionIndex(self.rules)
        by_selection: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for selection in rule.asked:
                by_selection.setdefault(selection.selection_id, []).append(rule)
        self.by_selection: Mapping[str, list[Rule]] = by_selection

    def are_of(self, known: RuleSet) -> bool:
        """True if they are made of these rules, or of equal ones."""
        return self._of == list(known.rules)

    def breached(self, windows: WindowAggregates, end_s: int) -> bool:
        """True if some group of a window that ends by then (s) breaches by these aggregates alone."""
        for window, aggregate in windows.items():
            rules = self.by_selection[window.selection_id]
            if window.start_s + rules[0].period_s <= end_s and _breach(rules, aggregate.sets.values()):
                return True
        return False


def _breach(rules: Iterable[Rule], sets: Collection[StatisticSet]) -> bool:
    """True if a set breaches a rule: an exact value is asked for only where counts and extremes allow it to."""
    if not sets:
        return False
    counts, lows, highs = zip(*((item.count, item.minimum, item.maximum) for item in sets), strict=True)
    all_sets = min(counts), max(counts), min(lows), max(highs)
    return any(
        _may_hold(rule, *all_sets)
        and any(
            _may_hold(rule, item.count, item.count, item.minimum, item.maximum) and _holds(rule, item)
            for item in sets
        )
        for rule in rules
    )


def _holds(rule: Rule, item: StatisticSet) -> bool:
    if _is_left_to_evaluations(rule):
        return True
    value = item.value(rule.statistic)
    return value is not None and rule.condition.holds(value)


def _is_left_to_evaluations(rule: Rule) -> bool:
    """True if no batch alone can tell: it lacks what counters were at before, or the ratio's other side."""
    return rule.statistic.follows_series or rule.ratio is not None


def _may_hold(rule: Rule, fewest: int, most: int, low: float, high: float) -> bool:
    """False if no set of so many values from `low` to `high` meets the rule's condition.

    Doubles compare as the decimal numbers that they are written as do; sums of them are not exact, so they get room.
    """
    match rule.statistic:
        case Statistic.INCREASE | Statistic.RATE | Statistic.RATIO:
            return True
        case Statistic.STDDEV:
            return rule.condition.may_hold(0.0, (high / 2 - low / 2) * _ROOM + _TINY)
        case Statistic.COUNT:
            return rule.condition.may_hold(fewest, most)
        case Statistic.SUM:
            least = low if low >= 0 else most * low * _ROOM - _TINY
            greatest = high if high <= 0 else most * high * _ROOM + _TINY
            return rule.condition.may_hold(least, greatest)
        case _:
            # The others lie between the extremes.
            return rule.condition.may_hold(low, high)
