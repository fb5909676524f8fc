"""Reasons: why an alert changed its state, in a sentence that is true of the periods it names."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from handlers.domain.alerts.rules.rule import MissingData, Rule, number_text
from handlers.domain.alerts.state.alert import Datapoint, Verdict
from handlers.vocabulary import AlertState

_VALUES_SHOWN = 5


def reason_of(
    rule: Rule,
    before: AlertState,
    after: AlertState,
    last: Sequence[Datapoint],
    recovery: Sequence[Datapoint],
) -> str:
    """The reason for a change of state, of the last N datapoints and of those that a recovery looks at."""
    what = rule.measured
    name = rule.sides[-1].metric_name
    if after is AlertState.OK:
        if before is AlertState.ALARM:
            found = f"{what} is {_values(recovery)} {_in_all(rule, recovery)}, which is not {rule.recovery.condition}"
            return f"{found}{_held(rule)}"
        if before is AlertState.MISSING:
            value = f"{rule.statistic} is {_values(recovery)} {_in_all(rule, recovery)}"
            return f"data for {name} again: {value}{_held(rule)}"
        return (
            f"{what} breaches and is missing no more {_in_all(rule, last)}"
            if last
            else "nothing is known any more"
        )
    needed = "" if rule.datapoints.out_of == 1 else f"; {rule.datapoints}"
    missing = [item for item in last if item.verdict is Verdict.MISSING]
    breaching = [item for item in last if item.verdict is Verdict.BREACHING]
    if after is AlertState.MISSING or not breaching:
        return f"no data for {name} {_in(rule, missing, last)}{needed and f'{needed} go missing'}"
    shown = f"{what} is {_values(breaching)} {_in(rule, breaching, last)}, where {rule.condition} breaches"
    return f"{shown}{needed and f'{needed} fire'}"


def held_text(until_s: int) -> str:
    """The words for what holds an alert that has recovered; none if nothing does."""
    return f", though it has recovered: it is held until {time_text(until_s)} at least" if until_s else ""


def _held(rule: Rule) -> str:
    return f"; its hold of {rule.hold_s} s is over" if rule.hold_s else ""


def _in(rule: Rule, found: Sequence[Datapoint], last: Sequence[Datapoint]) -> str:
    """The number of datapoints that were found among the last N."""
    if rule.datapoints.out_of == 1:
        return _in_all(rule, found)
    if rule.missing_data is MissingData.IGNORE:
        return f"in {len(found)} of the last {len(last)} periods of {rule.period_s} s with data, since {_begin(last)}"
    unknown = rule.datapoints.out_of - len(last)
    known = f", of which {len(last)} known" if unknown > 0 else ""
    return f"in {len(found)} of the last {rule.datapoints.out_of} periods of {rule.period_s} s{known}"


def _in_all(rule: Rule, datapoints: Sequence[Datapoint]) -> str:
    """The periods of datapoints. With `ignore` those without data are passed over, so their first one is told."""
    ignores = rule.missing_data is MissingData.IGNORE
    if len(datapoints) == 1:
        period = f"period of {rule.period_s} s"
        return f"in the {period} since {_begin(datapoints)}" if ignores else f"in the last {period}"
    text = f"in the last {len(datapoints)} periods of {rule.period_s} s"
    return f"{text} with data, since {_begin(datapoints)}" if ignores and datapoints else text


def _begin(datapoints: Sequence[Datapoint]) -> str:
    return time_text(datapoints[0].start_s)


@lru_cache(maxsize=1_024)
def time_text(time_s: int) -> str:
    """A time as reasons tell it."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _values(datapoints: Sequence[Datapoint]) -> str:
    values = ["missing" if item.value is None else number_text(item.value) for item in datapoints]
    return ", ".join(["…", *values[-_VALUES_SHOWN:]] if len(values) > _VALUES_SHOWN else values)
