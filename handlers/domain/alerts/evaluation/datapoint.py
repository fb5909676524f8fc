"""What one period of one group says to a rule."""

from handlers.domain.alerts.rules.rule import MissingData, Operator, Rule, Statistic
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.alert import Judged, Verdict
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.window_aggregates import SOURCES_SHOWN, GroupEvidence, PeriodEvidence

_FOR_MISSING = {
    MissingData.BREACHING: Verdict.BREACHING,
    MissingData.NOT_BREACHING: Verdict.RECOVERED,
    MissingData.MISSING: Verdict.MISSING,
}


def judge(rule: Rule, start: int, period: PeriodEvidence, group: Group) -> Judged | None:
    """The verdict, or None where nothing is known: data missing that is to be ignored, groups beyond the cap, shares of
    periods that began before the rule did, and periods that were over by then."""
    if start + rule.period <= rule.in_force_since:
        return None
    evidence = period.groups.get(group)
    in_full = start >= rule.in_force_since
    if evidence is None:
        if not in_full or period.is_unknown(group) or rule.missing_data is MissingData.IGNORE:
            return None
        return Judged(start, _FOR_MISSING[rule.missing_data])
    if not in_full and not _share_suffices(rule, evidence.statistics):
        return None
    return _judge_value(rule, start, evidence)


def _judge_value(rule: Rule, start: int, evidence: GroupEvidence) -> Judged:
    value = evidence.statistics.value(rule.statistic)
    if rule.condition.holds(value):
        verdict = Verdict.BREACHING
    elif rule.recovery.condition.holds(value):
        verdict = Verdict.BETWEEN
    else:
        verdict = Verdict.RECOVERED
    return Judged(
        start=start,
        verdict=verdict,
        value=_shown(value),
        count=evidence.statistics.count,
        late=evidence.late,
        sources=tuple(sorted(evidence.sources)[:SOURCES_SHOWN]),
    )


def _share_suffices(rule: Rule, statistics: StatisticSet) -> bool:
    """True if a part of a period's points may be judged: sums and counts only if more points cannot undo it."""
    if rule.statistic not in (Statistic.SUM, Statistic.COUNT):
        return True
    grows = rule.statistic is Statistic.COUNT or statistics.minimum >= 0
    upper = rule.condition.operator in (Operator.GREATER, Operator.GREATER_EQUAL)
    return grows and upper and rule.condition.holds(statistics.value(rule.statistic))


def _shown(value: object) -> float:
    """The nearest double; a sum may be larger than any."""
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        return 1.7976931348623157e308 if value > 0 else -1.7976931348623157e308  # type: ignore[operator]
