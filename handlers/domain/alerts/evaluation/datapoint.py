"""Datapoints: one period of one group, compared with a rule."""

from fractions import Fraction

from handlers.domain.alerts.rules.rule import MissingData, Rule
from handlers.domain.alerts.state.alert import Datapoint
from handlers.domain.alerts.state.protocol import verdict_of, verdict_without_data
from handlers.domain.alerts.windows.merging import GroupAggregate


def evaluate_datapoint(
    rule: Rule, start_s: int, aggregate: GroupAggregate | None, *, known_on_time: bool = True
) -> Datapoint | None:
    """The datapoint of a group that is known, in the period that starts then; None if missing data is ignored.

    `known_on_time` says that the group is known also without points that came late.
    """
    without_data = verdict_without_data(rule)
    if aggregate is None:
        if without_data is None:
            return None
        shown = 0.0 if rule.missing_data is MissingData.ZERO else None
        return Datapoint(start_s, without_data, shown, late=not known_on_time)
    value = aggregate.statistics.value(rule.statistic)
    on_time = None
    if aggregate.on_time is not None:
        on_time = verdict_of(rule, aggregate.on_time.value(rule.statistic))
    elif aggregate.late and known_on_time:
        on_time = without_data
    return Datapoint(
        start_s=start_s,
        verdict=verdict_of(rule, value),
        value=_nearest_double(value),
        count=aggregate.statistics.count,
        late=aggregate.late,
        sources=aggregate.sources,
        on_time=on_time,
    )


def _nearest_double(value: Fraction) -> float:
    """The nearest double; a sum may be larger than any."""
    try:
        return float(value)
    except OverflowError:
        return 1.7976931348623157e308 if value > 0 else -1.7976931348623157e308
