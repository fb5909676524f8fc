"""Datapoints: one period of one group, compared with a rule."""

from fractions import Fraction

from handlers.domain.alerts.rules.rule import MissingData, Rule
from handlers.domain.alerts.state.alert import Datapoint
from handlers.domain.alerts.state.protocol import verdict_of, verdict_without_data
from handlers.domain.alerts.windows.merging import GroupAggregate
from handlers.domain.alerts.windows.statistic_set import StatisticSet


def evaluate_datapoint(
    rule: Rule,
    start_s: int,
    aggregate: GroupAggregate | None,
    *,
    known: bool = True,
    known_on_time: bool = True,
) -> Datapoint | None:
    """The datapoint of a group in the period that starts then; None if missing data is ignored.

    `known` says that the group was known before the period, and `known_on_time` that it was also without points that
    came late. Where its points give the statistic no value, the period is one without data.
    """
    without_data = verdict_without_data(rule)
    if aggregate is None:
        if without_data is None:
            return None
        shown = 0.0 if rule.missing_data is MissingData.ZERO else None
        return Datapoint(start_s, without_data, shown, late=not known_on_time)
    value = _value_of(rule, start_s, aggregate.statistics, aggregate)
    verdict = without_data if value is None else verdict_of(rule, value)
    if verdict is None or (value is None and not known):
        return None
    on_time, on_time_value = None, None
    if aggregate.on_time is not None:
        on_time_value = _value_of(rule, start_s, aggregate.on_time, aggregate)
    if on_time_value is not None:
        on_time = verdict_of(rule, on_time_value)
    elif aggregate.late and known_on_time:
        on_time = without_data
    late = aggregate.late or (value is None and not known_on_time)
    return Datapoint(
        start_s=start_s,
        verdict=verdict,
        value=None if value is None else _nearest_double(value),
        count=aggregate.statistics.count,
        late=late,
        sources=aggregate.sources,
        on_time=on_time,
    )


def has_base(rule: Rule, start_s: int) -> bool:
    """True if counters go on from the period before the one that starts then: the rule was in force all through it."""
    return start_s - rule.period_s >= rule.in_force_since_s


def _value_of(
    rule: Rule, start_s: int, statistics: StatisticSet, aggregate: GroupAggregate
) -> Fraction | None:
    """The value of a rule's statistic; None if the points of the period give it none."""
    before = aggregate.before if has_base(rule, start_s) else None
    return statistics.value(rule.statistic, rule.period_s, before)


def _nearest_double(value: Fraction) -> float:
    """The nearest double; a sum may be larger than any."""
    try:
        return float(value)
    except OverflowError:
        return 1.7976931348623157e308 if value > 0 else -1.7976931348623157e308
