"""Datapoints: one period of one group, compared with a rule."""

from fractions import Fraction

from handlers.domain.alerts.rules.rule import MissingData, Operator, Rule, Statistic
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.alert import Datapoint
from handlers.domain.alerts.state.protocol import verdict_of, verdict_without_data
from handlers.domain.alerts.windows.merging import MergedWindow
from handlers.domain.alerts.windows.statistic_set import StatisticSet

SOURCES_SHOWN = 3


def evaluate_datapoint(rule: Rule, start_s: int, window: MergedWindow, group: Group) -> Datapoint | None:
    """The datapoint of a group in the period that starts then, or None where nothing is known.

    That is: data missing that is to be ignored, groups beyond the cap, parts of periods that began before the rule did,
    and periods that were over by then.
    """
    if start_s + rule.period_s <= rule.in_force_since_s:
        return None
    aggregate = window.groups.get(group)
    in_full = start_s >= rule.in_force_since_s
    if aggregate is None:
        verdict = verdict_without_data(rule)
        if verdict is None or not in_full or window.is_unknown(group):
            return None
        return Datapoint(start_s, verdict, 0.0 if rule.missing_data is MissingData.ZERO else None)
    if not in_full and not _part_suffices(rule, aggregate.statistics):
        return None
    value = aggregate.statistics.value(rule.statistic)
    return Datapoint(
        start_s=start_s,
        verdict=verdict_of(rule, value),
        value=_nearest_double(value),
        count=aggregate.statistics.count,
        late=aggregate.late,
        sources=tuple(sorted(aggregate.sources)[:SOURCES_SHOWN]),
    )


def _part_suffices(rule: Rule, statistics: StatisticSet) -> bool:
    """True if a part of a period's points may be compared: sums and counts only if more points cannot undo it."""
    if rule.statistic not in (Statistic.SUM, Statistic.COUNT):
        return True
    grows = rule.statistic is Statistic.COUNT or statistics.minimum >= 0
    upper = rule.condition.operator in (Operator.GREATER, Operator.GREATER_EQUAL)
    return grows and upper and rule.condition.holds(statistics.value(rule.statistic))


def _nearest_double(value: Fraction) -> float:
    """The nearest double; a sum may be larger than any."""
    try:
        return float(value)
    except OverflowError:
        return 1.7976931348623157e308 if value > 0 else -1.7976931348623157e308
