"""Datapoints: one period of one group, compared with a rule."""

from fractions import Fraction

from handlers.domain.alerts.rules.rule import MissingData, Rule, exact_fraction
from handlers.domain.alerts.rules.statistic import Statistic
from handlers.domain.alerts.state.alert import Datapoint
from handlers.domain.alerts.state.verdicts import verdict_of, verdict_without_data
from handlers.domain.alerts.windows.merging import GroupAggregate


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
    value = _value_of(rule, start_s, aggregate)
    verdict = without_data if value is None else verdict_of(rule, value)
    if verdict is None or (value is None and not known):
        return None
    on_time = None
    on_time_value = _value_of(rule, start_s, aggregate, on_time=True) if aggregate.is_late else None
    if on_time_value is not None:
        on_time = verdict_of(rule, on_time_value)
    elif aggregate.is_late and known_on_time:
        on_time = without_data
    late = aggregate.is_late or (value is None and not known_on_time)
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
    rule: Rule, start_s: int, aggregate: GroupAggregate, *, on_time: bool = False
) -> Fraction | None:
    """The value of a rule's statistic, or that by the points in time; None if the points of the period give it none."""

    def value(statistic: Statistic, found: GroupAggregate) -> Fraction | None:
        kept = found.on_time if on_time and found.late else found.statistics
        before = found.before if has_base(rule, start_s) else None
        return None if kept is None else kept.value(statistic, rule.period_s, before)

    if rule.ratio is None:
        return value(rule.statistic, aggregate)
    below = value(rule.ratio.denominator.statistic, aggregate)
    if below is None or below < exact_fraction(rule.ratio.at_least) or aggregate.lacks_numerator:
        return None
    above = aggregate.numerator and value(rule.ratio.numerator.statistic, aggregate.numerator)
    return (above or Fraction(0)) / below


def _nearest_double(value: Fraction) -> float:
    """The nearest double; a sum may be larger than any."""
    try:
        return float(value)
    except OverflowError:
        return 1.7976931348623157e308 if value > 0 else -1.7976931348623157e308
