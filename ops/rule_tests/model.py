"""A test of rules: points that come, and the transitions and notifications that are expected of each group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from ops.rule_tests.series import Place

DEFAULT_START_S = 1_767_571_200  # 2026-01-05T00:00:00Z, a Monday


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one series, each `interval_s` after the other from `start_s` on, which is a moment."""

    line: int
    metric_name: str
    metric_type: str
    dimensions: Mapping[str, str]
    start_s: int
    interval_s: int
    places: Sequence[Place]
    count: int

    @property
    def end_s(self) -> int:
        """The end of its last place, or the second after the last of its points has come."""
        came = (self.start_s + place.number * self.interval_s + place.delay_s + 1 for place in self.places)
        return max(self.start_s + self.count * self.interval_s, *came, 0)


@dataclass(frozen=True, slots=True)
class Happening:
    """A transition or a notification, at a moment, with those of its fields that are expected, or all it has."""

    at_s: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expectation:
    """The transitions and the notifications that are expected of a group; None where they are left open."""

    line: int
    rule: Rule
    group: Group
    transitions: Sequence[Happening] | None
    notifications: Sequence[Happening] | None


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One test of a file."""

    file: Path
    line: int
    name: str
    start_s: int
    series: Sequence[Series]
    expectations: Sequence[Expectation]

    @property
    def rules(self) -> list[Rule]:
        """The rules of which something is expected, each once."""
        return list({one.rule.key: one.rule for one in self.expectations}.values())

    @property
    def end_s(self) -> int:
        """The end of the last series."""
        return max(one.end_s for one in self.series)
