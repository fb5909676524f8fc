"""Verdicts: one period of one group, judged by a rule's condition, or by its policy where there are no data."""

from collections.abc import Mapping
from fractions import Fraction

from handlers.domain.alerts.rules.rule import MissingData, Rule
from handlers.domain.alerts.state.alert import Verdict

# The verdict of a period without data, by the rule's `missing_data`; None: no datapoint. With `zero` it is that of 0.
VERDICT_WITHOUT_DATA: Mapping[MissingData, Verdict | None] = {
    MissingData.IGNORE: None,
    MissingData.NOT_BREACHING: Verdict.RECOVERED,
    MissingData.BREACHING: Verdict.BREACHING,
    MissingData.MISSING: Verdict.MISSING,
}


def verdict_without_data(rule: Rule) -> Verdict | None:
    """The verdict of a period without data; None if it gives no datapoint."""
    if rule.missing_data is MissingData.ZERO:
        return verdict_of(rule, Fraction(0))
    return VERDICT_WITHOUT_DATA[rule.missing_data]


def silence_counts(rule: Rule) -> bool:
    """True if a period without data, of a group that is known, counts towards ALARM or MISSING."""
    verdict = verdict_without_data(rule)
    return verdict is not None and not verdict.is_healthy


def silence_is_healthy(rule: Rule) -> bool:
    """True if a period without data, of any group, is as good as one with data that do not breach."""
    verdict = verdict_without_data(rule)
    return verdict is not None and verdict.is_healthy


def verdict_near(rule: Rule, nearest: float) -> Verdict | None:
    """The verdict of a value by the double that is nearest to it; None where only the value itself can tell."""
    breaches = rule.condition.holds_near(nearest)
    if breaches:
        return Verdict.BREACHING
    stays = None if breaches is None else rule.recovery.condition.holds_near(nearest)
    if stays is None:
        return None
    return Verdict.BETWEEN if stays else Verdict.RECOVERED


def verdict_of(rule: Rule, value: Fraction) -> Verdict:
    """The verdict of a datapoint with this value."""
    if rule.condition.holds(value):
        return Verdict.BREACHING
    return Verdict.BETWEEN if rule.recovery.condition.holds(value) else Verdict.RECOVERED
