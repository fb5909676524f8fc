"""Matchers: the alerts that a silence is about, by their rule's fields and by dimensions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.vocabulary import RULE_METRIC_TYPES, Severity

FIELDS = ("rule", "severity", "metric", "type")
# Each holds back everything that another could: together they are as good as none.
_EVERY_VALUE: Mapping[str, Sequence[str]] = {
    "severity": [str(severity) for severity in Severity],
    "type": RULE_METRIC_TYPES,
}

Patterns = tuple[tuple[str, tuple[str, ...]], ...]
"""Names, each with the patterns of which one must fit."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """Patterns for fields of the rule, and for dimensions: of each name that is there, one must fit.

    A pattern is text in which `*` stands for any text. An alert has the dimensions of its group, and those that its
    rule's `match` says; one that it lacks is fitted by the empty pattern alone.
    """

    fields: Patterns = ()
    dimensions: Patterns = ()

    def matches_rule(self, rule: Rule) -> bool:
        """True if alerts of the rule may match: by its fields, and by the dimensions that it does not group by."""
        own = {
            "rule": rule.rule_id,
            "severity": str(rule.severity),
            "metric": rule.metric_name,
            "type": rule.metric_type,
        }
        return all(_fits_one(own[name], patterns) for name, patterns in self.fields) and all(
            name in rule.by or _fit_all(dict(rule.match).get(name, (None,)), patterns)
            for name, patterns in self.dimensions
        )

    def matches(self, rule: Rule, group: Group) -> bool:
        """True if the alert of this group of the rule matches."""
        values = dict(zip(rule.by, group, strict=False))
        return self.matches_rule(rule) and all(
            name not in rule.by or _fit_all((values.get(name),), patterns)
            for name, patterns in self.dimensions
        )

    @property
    def is_everything(self) -> bool:
        """True if it leaves no alert out, whatever the rules are."""
        return not any(
            _leaves_out(name, patterns, in_rule=True) for name, patterns in self.fields
        ) and not any(_leaves_out(name, patterns, in_rule=False) for name, patterns in self.dimensions)

    def __str__(self) -> str:
        return " ".join(self._words()) or "all alerts"

    def _words(self) -> Iterator[str]:
        for name, patterns in self.fields:
            yield from (f"{name}={pattern}" for pattern in patterns)
        for name, patterns in self.dimensions:
            prefix = "group." if name in FIELDS else ""
            yield from (f"{prefix}{name}={pattern}" for pattern in patterns)


def fits(pattern: str, text: str) -> bool:
    """True if the text is the pattern, with any text for each `*`; in time that grows with their lengths alone."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == first
    if not text.startswith(first):
        return False
    begin = len(first)
    *middle, last = rest
    for part in middle:
        found = text.find(part, begin)
        if found < 0:
            return False
        begin = found + len(part)
    return len(text) - begin >= len(last) and text.endswith(last)


def _fits_one(text: str, patterns: Iterable[str]) -> bool:
    return any(fits(pattern, text) for pattern in patterns)


def _fit_all(values: Iterable[str | None], patterns: Iterable[str]) -> bool:
    """True if the patterns fit each value that the points of an alert may have in a dimension."""
    return all(_fits_one(value or "", patterns) for value in values)


def _leaves_out(name: str, patterns: Sequence[str], *, in_rule: bool) -> bool:
    """True if there may be an alert that none of the patterns fits."""
    is_anything = any(pattern and not pattern.strip("*") for pattern in patterns)
    if not in_rule:
        # `*` fits an alert without the dimension, too.
        return not is_anything
    every = _EVERY_VALUE.get(name, ())
    return not is_anything and not (every and all(_fits_one(value, patterns) for value in every))
