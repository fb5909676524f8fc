"""Screening: the groups of a window that surely do not breach, found by doubles, which are far quicker than fractions.

Nearly all groups are healthy nearly always, and a healthy datapoint of a group without an alert changes nothing.
"""

from collections.abc import Callable, Set
from math import inf, isfinite

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
    bounds = None if rule.ratio is not None else _BOUNDS.get(rule.statistic)
    if bounds is None and rule.statistic.percent is not None:
        bounds = _of_percentile
    if bounds is None:
        return frozenset()
    may_hold, late = rule.condition.may_hold, window.late
    return {
        group
        for group, sums in window.groups.items()
        if sums is not None and group not in late and not may_hold(*bounds(sums))
    }


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
