"""The finding of an alert: its remembered datapoints, taken together."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.alert import Alert, Datapoint, Verdict
from handlers.domain.alerts.state.memory import counts_back_s, last_datapoints, unhealthy_s
from handlers.vocabulary import AlertState


class Finding(StrEnum):
    """The remembered datapoints of an alert, taken together."""

    NOTHING = "nothing known"
    BREACHING = "M of N breach"
    MISSING = "M of N missing"
    UNSETTLED = "unsettled"
    CLEAR = "clear"
    ENDED = "ended"


# The verdicts of the last recovery datapoints by which a firing alert is clear: an alarm needs them recovered, missing
# data only needs data, whatever it says.
CLEARED_BY: Mapping[AlertState, frozenset[Verdict]] = {
    AlertState.ALARM: frozenset({Verdict.RECOVERED}),
    AlertState.MISSING: frozenset({Verdict.RECOVERED, Verdict.BETWEEN, Verdict.BREACHING}),
}


def finding_of(rule: Rule, alert: Alert) -> Finding:
    """The finding of an alert, by the datapoints that it remembers."""
    if not alert.datapoints:
        return Finding.NOTHING
    last = last_datapoints(rule, alert, rule.datapoints.out_of)
    verdicts, needed = [item.verdict for item in last], rule.datapoints.needed
    if verdicts.count(Verdict.BREACHING) >= needed:
        return Finding.BREACHING
    if verdicts.count(Verdict.MISSING) >= needed:
        return Finding.MISSING
    if alert.state.is_firing:
        clear = _has_recovered(rule, alert) and not held_until_s(rule, alert)
    elif alert.state is AlertState.OK:
        # What was there when an alert was resolved does not put it in doubt again.
        clear = all(
            item.verdict.is_healthy or item.start_s + rule.period_s <= alert.resolved_s for item in last
        )
    else:
        clear = all(item.verdict.is_healthy for item in last)
    return Finding.CLEAR if clear else Finding.UNSETTLED


def held_until_s(rule: Rule, alert: Alert) -> int:
    """The time until which an alert that fires is held, though it has recovered; 0 if it has not, or is not held."""
    if not alert.state.is_firing or not _has_recovered(rule, alert):
        return 0
    until_s = unhealthy_s(rule, alert) + rule.period_s + rule.hold_s
    return until_s if until_s > alert.newest_s + rule.period_s else 0


def recovery_datapoints(rule: Rule, alert: Alert) -> Sequence[Datapoint]:
    """The datapoints that a recovery looks at."""
    return last_datapoints(rule, alert, rule.recovery.datapoints, counts_back_s(rule, alert.state))


def _has_recovered(rule: Rule, alert: Alert) -> bool:
    recovery = recovery_datapoints(rule, alert)
    return len(recovery) == rule.recovery.datapoints and all(
        item.verdict in CLEARED_BY[alert.state] for item in recovery
    )
