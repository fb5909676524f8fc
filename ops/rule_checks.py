"""Rules that can be read and make no sense: that can never fire or never be over, or that are suspicious."""

import math
from collections.abc import Iterator
from fractions import Fraction

from handlers.domain.alerts.periods import DAY_S
from handlers.domain.alerts.rules.condition_fields import least_forget_after_s
from handlers.domain.alerts.rules.fields import RuleError, shown
from handlers.domain.alerts.rules.rule import MissingData, Rule, Statistic, exact_fraction
from handlers.domain.alerts.state.alert import Verdict
from handlers.domain.alerts.state.protocol import verdict_of, verdict_without_data
from handlers.domain.dimensions import read_dimensions
from handlers.domain.violation import Violation

# More points than any stream carries in an hour.
_MOST_POINTS = 10**15


def refusals(rule: Rule, tick_seconds: int) -> Iterator[RuleError]:
    """The reasons for which a rule cannot be meant as it stands: no series of points would ever change its alerts."""
    if rule.period_s % tick_seconds:
        message = (
            f"{rule.period_s}: not a multiple of alerts.tick_seconds = {tick_seconds} of this environment"
        )
        yield RuleError("period", message)
    for field, names in (("by", rule.by), ("match", tuple(name for name, _ in rule.match))):
        for name in names:
            problem = read_dimensions({name: "any"}, budget=1)
            if isinstance(problem, Violation):
                own = f"; the rule's field {name} says it" if name in ("metric_name", "metric_type") else ""
                place = field if field == "by" else f"{field}.{name}"
                message = f"{shown(name)} is no dimension that a point can have: {problem.message}{own}"
                yield RuleError(place, message)
    if rule.statistic is Statistic.COUNT:
        yield from _counts(rule)


def _counts(rule: Rule) -> Iterator[RuleError]:
    """A count is a whole number, and 0 only where silence counts as zero; other statistics may have any value."""
    least = 0 if rule.missing_data is MissingData.ZERO else 1
    possible = {verdict_of(rule, Fraction(count)) for count in _telling_counts(rule, least)}
    with_silence = possible | {verdict_without_data(rule)}
    points = f"a whole number from {least} to {_MOST_POINTS:.0e}"
    silence = "" if least == 0 else f", as missing_data is {rule.missing_data} and not zero"
    if not with_silence & {Verdict.BREACHING, Verdict.MISSING}:
        yield RuleError("threshold", f"count {rule.condition} never holds: a count is {points}{silence}")
    elif Verdict.BREACHING in with_silence and Verdict.RECOVERED not in with_silence:
        if possible == {Verdict.BREACHING}:
            message = f"count {rule.condition} always holds, so its alerts would never be over"
            yield RuleError("threshold", f"{message}: a count is {points}{silence}")
        else:
            message = f"count {rule.recovery.condition} always holds, so no alert would be over"
            yield RuleError("recovery.threshold", f"{message}: a count is {points}{silence}")


def _telling_counts(rule: Rule, least: int) -> Iterator[int]:
    """The counts beside each bound, and the ends of their range: between them no verdict changes."""
    yield from (least, _MOST_POINTS)
    for bound in (*rule.condition.bounds, *rule.recovery.condition.bounds):
        near = math.floor(exact_fraction(bound))
        yield from (count for count in range(near - 1, near + 3) if least <= count <= _MOST_POINTS)


def doubts(rule: Rule) -> Iterator[str]:
    """The rule may be meant like this, but many are not: a line for each doubt, for people to look at."""
    silent = rule.missing_data in (MissingData.IGNORE, MissingData.NOT_BREACHING)
    if rule.statistic.is_zero_without_points and silent and rule.condition.holds(Fraction(0)):
        yield (
            f"{rule.rule_id}: with missing_data {rule.missing_data}, a period without points does not count as "
            f"{rule.statistic} 0, so silence fires nothing; zero would"
        )
    least_s = least_forget_after_s(rule.missing_data, rule.datapoints_kept, rule.period_s)
    if not rule.by and rule.forget_after_s != max(DAY_S, least_s):
        yield f"{rule.rule_id}: forget_after has no effect without `by`: its one group is never forgotten"
