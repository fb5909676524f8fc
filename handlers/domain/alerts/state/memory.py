"""The memory of an alert: which datapoints count towards its state, and for how long each is kept."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from handlers.domain.alerts.periods import HOUR_S
from handlers.domain.alerts.rules.rule import MissingData, Rule
from handlers.domain.alerts.state.alert import Alert, Datapoint
from handlers.vocabulary import AlertState


@lru_cache(maxsize=1_024)
def look_back_s(rule: Rule) -> int:
    """The seconds before the end of the newest complete period in which a datapoint that counts has begun."""
    periods_s = rule.datapoints_kept * rule.period_s
    return max(2 * periods_s, HOUR_S) if rule.missing_data is MissingData.IGNORE else periods_s


@lru_cache(maxsize=1_024)
def counts_back_s(rule: Rule, state: AlertState | None = None) -> int:
    """The seconds before the end of the newest complete period in which a datapoint that is remembered has begun.

    With `ignore`, what an alert that fires has recovered by is known until its hold is over. None stands for any state.
    """
    if rule.missing_data is MissingData.IGNORE and (state is None or state.is_firing):
        return max(look_back_s(rule), rule.hold_s + 2 * rule.period_s)
    return look_back_s(rule)


def judged_from_s(rule: Rule, alert: Alert | None) -> int:
    """The time before which no period that is judged began: the rule was not in force, or the alert not begun."""
    return max(rule.in_force_since_s, 0 if alert is None else alert.judged_from_s)


def remembered(
    rule: Rule, alert: Alert, datapoints: Sequence[Datapoint], newest_s: int
) -> tuple[Datapoint, ...]:
    """The datapoints that an alert remembers after these, the newest of one period each."""
    known: Sequence[Datapoint] = (*alert.datapoints, *datapoints)
    if len(datapoints) > 1 or (len(known) > 1 and known[-2].start_s >= known[-1].start_s):
        by_start = {item.start_s: item for item in known}
        known = [by_start[start] for start in sorted(by_start)]
    kept = _kept(rule, alert.state, known, newest_s)
    if rule.missing_data is not MissingData.IGNORE or not any(item.late for item in kept):
        return tuple(kept)
    # Without those that are there by late points alone, others before them would be the last.
    on_time = _kept(rule, alert.state, [item for item in known if item.without_late()], newest_s)
    wanted = {item.start_s for item in (*kept, *on_time)}
    return tuple(item for item in known if item.start_s in wanted)


def without_old(rule: Rule, alert: Alert, newest_s: int) -> Alert:
    """The alert without datapoints that are too old to count when this is its newest complete period."""
    newest_s = max(newest_s, alert.newest_s)
    return replace(alert, datapoints=remembered(rule, alert, (), newest_s), newest_s=newest_s)


def without_late(datapoints: Iterable[Datapoint]) -> Iterator[Datapoint]:
    """The datapoints as they would be without late points."""
    for item in datapoints:
        on_time = item.without_late()
        if on_time is not None:
            yield on_time


def unhealthy_s(rule: Rule, alert: Alert) -> int:
    """The start of the last period that breached or was missing; 0 if none is known."""
    return max(
        [
            alert.unhealthy_s,
            *(
                item.start_s
                for item in _kept(rule, alert.state, alert.datapoints, alert.newest_s)
                if not item.verdict.is_healthy
            ),
        ]
    )


def unhealthy_before_s(rule: Rule, alert: Alert, datapoints: Sequence[Datapoint], newest_s: int) -> int:
    """The start of the last such period, of those that an alert that fires remembers no more; late points come too late
    for these."""
    if not alert.state.is_firing:
        return 0
    kept = _kept(rule, alert.state, datapoints, newest_s)
    last_s = alert.unhealthy_s
    for item in _kept(rule, alert.state, alert.datapoints, alert.newest_s):
        is_kept = bool(kept) and item.start_s >= kept[0].start_s
        if item.start_s > last_s and not is_kept and not item.verdict.is_healthy:
            last_s = item.start_s
    return last_s


def last_datapoints(rule: Rule, alert: Alert, count: int, back_s: int | None = None) -> Sequence[Datapoint]:
    """The datapoints of the last `count` periods; with `ignore`, of the last that had data and are not too old."""
    return _last_of(
        rule, alert.datapoints, alert.newest_s, count, look_back_s(rule) if back_s is None else back_s
    )


def _kept(
    rule: Rule, state: AlertState, datapoints: Sequence[Datapoint], newest_s: int
) -> Sequence[Datapoint]:
    """The last datapoints, as many as an alert in this state must remember."""
    return _last_of(rule, datapoints, newest_s, rule.datapoints_kept, counts_back_s(rule, state))


def _last_of(
    rule: Rule, datapoints: Sequence[Datapoint], newest_s: int, count: int, back_s: int
) -> Sequence[Datapoint]:
    """The last of datapoints in their order: `count` of them that are not too old, or those of so many periods."""
    ignores = rule.missing_data is MissingData.IGNORE
    oldest_s = newest_s + rule.period_s - back_s if ignores else newest_s - count * rule.period_s + 1
    if datapoints and datapoints[0].start_s < oldest_s:
        datapoints = [item for item in datapoints if item.start_s >= oldest_s]
    return datapoints[-count:] if ignores else datapoints
