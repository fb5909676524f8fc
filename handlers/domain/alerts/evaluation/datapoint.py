"""Datapoints: one period of one group, compared with a rule."""

from fractions import Fraction

from handlers.domain.alerts.rules.rule import MissingData, Rule, exact_fraction
from handlers.domain.alerts.rules.statistic import Statistic
from handlers.domain.alerts.state.alert import Datapoint, Verdict
from handlers.domain.alerts.state.verdicts import verdict_near, verdict_of, verdict_without_data
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
    if aggregate is not None and not aggregate.is_late:
        found = datapoint_in_time(rule, start_s, aggregate)
        if found is not None:
            return found
    without_data = verdict_without_data(rule)
    if aggregate is None:
        if without_data is None:
            return None
        shown = 0.0 if rule.missing_data is MissingData.ZERO else None
        return Datapoint(start_s, without_data, shown, late=not known_on_time)
    judged = _judged(rule, start_s, aggregate)
    verdict, value = judged or (without_data, None)
    if verdict is None or (value is None and not known):
        return None
    on_time = None
    judged_on_time = _judged(rule, start_s, aggregate, on_time=True) if aggregate.is_late else None
    if judged_on_time is not None:
        on_time = judged_on_time[0]
    elif aggregate.is_late and known_on_time:
        on_time = without_data
    late = aggregate.is_late or (value is None and not known_on_time)
    return Datapoint(
        start_s=start_s,
        verdict=verdict,
        value=value,
        count=aggregate.statistics.count,
        late=late,
        sources=aggregate.sources,
        on_time=on_time,
    )


def datapoint_in_time(rule: Rule, start_s: int, aggregate: GroupAggregate) -> Datapoint | None:
    """The datapoint of a group whose points all came in time; None if they give the statistic no value.

    Nearly all are such, and nothing else needs to be known of their groups.
    """
    judged = _judged(rule, start_s, aggregate)
    if judged is None:
        return None
    verdict, value = judged
    return Datapoint(start_s, verdict, value, aggregate.statistics.count, sources=aggregate.sources)


def has_base(rule: Rule, start_s: int) -> bool:
    """True if counters go on from the period before the one that starts then: the rule was in force all through it."""
    return start_s - rule.period_s >= rule.in_force_since_s


def _judged(
    rule: Rule, start_s: int, aggregate: GroupAggregate, *, on_time: bool = False
) -> tuple[Verdict, float] | None:
    """The verdict by a value, and the double nearest to it, which tells the verdict but where it is next to a bound."""
    nearest = None if on_time else _nearest_of(rule, aggregate)
    if nearest is None:
        value = _value_of(rule, start_s, aggregate, on_time=on_time)
        if value is None:
            return None
        nearest = _nearest_double(value)
        return verdict_near(rule, nearest) or verdict_of(rule, value), nearest
    verdict = verdict_near(rule, nearest)
    if verdict is None:
        value = _value_of(rule, start_s, aggregate)
        verdict = None if value is None else verdict_of(rule, value)
    return None if verdict is None else (verdict, nearest)


def _nearest_of(rule: Rule, aggregate: GroupAggregate) -> float | None:
    """The double nearest to the value, without a fraction, which takes ten times as long; None where that needs one."""
    ratio, above, numerator = rule.ratio, (0, 1), aggregate.numerator
    statistic = rule.statistic if ratio is None else ratio.denominator.statistic
    below = aggregate.statistics.quotient(statistic)
    if below is None:
        return None
    if ratio is None:
        return _divided(*below)
    enough = _divided(*below)
    if enough is None or enough <= ratio.at_least or aggregate.lacks_numerator:
        return None
    if numerator is not None:
        found = numerator.statistics.quotient(ratio.numerator.statistic)
        if found is None:
            return None
        above = found
    return _divided(above[0] * below[1], above[1] * below[0])


def _divided(over: int, under: int) -> float | None:
    """The double nearest to a quotient of whole numbers; None if there is none."""
    try:
        return over / under
    except (OverflowError, ZeroDivisionError):
        return None


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
