"""Rules that can be read and make no sense: that can never fire or never be over, or that are suspicious."""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise

from handlers.domain.alerts.periods import DAY_S
from handlers.domain.alerts.rules.condition_fields import least_forget_after_s
from handlers.domain.alerts.rules.fields import RuleError, shown
from handlers.domain.alerts.rules.rule import MissingData, Rule, exact_fraction
from handlers.domain.alerts.rules.statistic import Statistic
from handlers.domain.alerts.state.alert import Verdict
from handlers.domain.alerts.state.verdicts import verdict_of, verdict_without_data
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
    fields = ("match",) if rule.ratio is None else ("numerator.match", "denominator.match")
    matches = zip(fields, ([name for name, _ in side.match] for side in rule.sides), strict=True)
    for field, names in (("by", rule.by), *matches):
        for name in names:
            problem = read_dimensions({name: "any"}, budget=1)
            if isinstance(problem, Violation):
                own = f"; the rule's field {name} says it" if name in ("metric_name", "metric_type") else ""
                place = field if field == "by" else f"{field}.{name}"
                message = f"{shown(name)} is no dimension that a point can have: {problem.message}{own}"
                yield RuleError(place, message)
    if rule.statistic == Statistic.COUNT:
        # A whole number, and 0 only where silence counts as zero.
        least = 0 if rule.missing_data is MissingData.ZERO else 1
        silence = "" if least == 0 else f", as missing_data is {rule.missing_data} and not zero"
        points = f"a count is a whole number from {least} to {_MOST_POINTS:.0e}{silence}"
        yield from _beyond(rule, map(Fraction, _telling_counts(rule, least)), points)
    elif rule.ratio is not None and rule.ratio.is_share:
        share = "the numerator's points are some of the denominator's, so it is from 0 to 1, and 5 % is 0.05"
        yield from _beyond(rule, (value for value in _telling_values(rule, 1) if value <= 1), share)
    elif all(side.statistic.is_never_negative for side in rule.sides):
        yield from _beyond(rule, _telling_values(rule), f"{rule.statistic} is never negative")


def _beyond(rule: Rule, values: Iterable[Fraction], because: str) -> Iterator[RuleError]:
    """The condition never or always holds for the values that the statistic may have."""
    possible = {verdict_of(rule, value) for value in values}
    with_silence = possible | {verdict_without_data(rule)}
    name = rule.statistic
    if not with_silence & {Verdict.BREACHING, Verdict.MISSING}:
        yield RuleError("threshold", f"{name} {rule.condition} never holds: {because}")
    elif Verdict.BREACHING in with_silence and Verdict.RECOVERED not in with_silence:
        if possible == {Verdict.BREACHING}:
            message = f"{name} {rule.condition} always holds, so its alerts would never be over"
            yield RuleError("threshold", f"{message}: {because}")
        else:
            message = f"{name} {rule.recovery.condition} always holds, so no alert would be over"
            yield RuleError("recovery.threshold", f"{message}: {because}")


def _telling_values(rule: Rule, *more: int) -> Iterator[Fraction]:
    """The bounds that are not negative, zero, more, and a value between any two and beyond: else nothing changes."""
    bounds = (*rule.condition.bounds, *rule.recovery.condition.bounds, *more)
    ends = sorted({Fraction(0), *(bound for bound in map(exact_fraction, bounds) if bound > 0)})
    yield from ends
    yield from ((low + high) / 2 for low, high in pairwise([*ends, 2 * ends[-1] + 1]))


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
