"""Screening: the groups of a window that surely do not breach, found by doubles, which are far quicker than fractions.

Nearly all groups are healthy nearly always, and a healthy datapoint of a group without an alert changes nothing.
"""

from collections.abc import Callable, Set
from math import inf, isfinite

from handlers.domain.alerts.rules.ratio import Ratio
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.rules.statistic import Statistic
from handlers.domain.alerts.windows.merging import GroupSums, MergedWindow

# Doubles that were rounded twice are at most so far from the exact value.
_RELATIVE, _ABSOLUTE = 1e-12, 1e-300

Bounds = tuple[float, float]
_ANY: Bounds = -inf, inf


def healthy_groups(rule: Rule, window: MergedWindow) -> Set[Group]:
    """The groups of a window, all of whose points came in time, whose value surely does not meet the condition."""
    if rule.ratio is not None:
        return _healthy_ratios(rule, rule.ratio, window)
    bounds = _bounds_of(rule.statistic)
    if bounds is None:
        return frozenset()
    may_hold, late = rule.condition.may_hold, window.late
    return {
        group
        for group, sums in window.groups.items()
        if sums is not None and group not in late and not may_hold(*bounds(sums))
    }


def _healthy_ratios(rule: Rule, ratio: Ratio, window: MergedWindow) -> Set[Group]:
    """Those of a ratio whose denominator is surely enough."""
    above, below = _bounds_of(ratio.numerator.statistic), _bounds_of(ratio.denominator.statistic)
    numerators = window.numerator
    if above is None or below is None or numerators is None or ratio.at_least <= 0:
        return frozenset()
    may_hold, at_least, lacks = rule.condition.may_hold, ratio.at_least, numerators.dropped > 0
    found = set()
    for group, sums in window.groups.items():
        over = numerators.groups.get(group)
        if sums is None or group in window.late or group in numerators.late or (over is None and lacks):
            continue
        least, most = below(sums)
        low, high = (0.0, 0.0) if over is None else above(over)
        if not at_least < least or inf in (most, high, -low):
            continue
        # Quotients of doubles are rounded once more; by the lesser divisor a number is farther from zero.
        quotients = low / least, low / most, high / least, high / most
        if not may_hold(_around(min(quotients))[0], _around(max(quotients))[1]):
            found.add(group)
    return found


def _bounds_of(statistic: Statistic) -> Callable[[GroupSums], Bounds] | None:
    """The bounds that doubles give a statistic; None where they give none."""
    return _BOUNDS.get(statistic) or (None if statistic.percent is None else _of_percentile)


def _around(value: float) -> Bounds:
    if not isfinite(value):
        return _ANY
    room = abs(value) * _RELATIVE + _ABSOLUTE
    return value - room, value + room


def _of_percentile(sums: GroupSums) -> Bounds:
    """A percentile lies between the extremes; without a sketch there is none, which the rule's policy judges."""
    return (sums.minimum, sums.maximum) if sums.sketch is not None else _ANY


_BOUNDS: dict[Statistic, Callable[[GroupSums], Bounds]] = {
    Statistic.AVG: lambda sums: _around(float(sums.total) / sums.count),
    Statistic.SUM: lambda sums: _around(float(sums.total)),
    Statistic.MIN: lambda sums: (sums.minimum, sums.minimum),
    Statistic.MAX: lambda sums: (sums.maximum, sums.maximum),
    Statistic.COUNT: lambda sums: (sums.count, sums.count),
}
