"""Silences: nothing is sent of the alerts that match while one holds, and what still fires is told when it is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.silences.maintenance_window import MaintenanceWindow
from handlers.domain.alerts.silences.matcher import Matcher


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence of the alerts that match, with who wanted it and why.

    Times are whole seconds since 1970; `until_s` is 0 for a `window` that recurs until somebody ends it.
    """

    silence_id: str
    matcher: Matcher
    from_s: int
    until_s: int
    why: str
    by: str
    created_s: int
    window: MaintenanceWindow | None = None
    ended_by: str = ""

    @property
    def name(self) -> str:
        """The words for what holds an alert back."""
        return f"silence {self.silence_id}"

    def is_over(self, time_s: float) -> bool:
        """True if it holds nothing back from then on."""
        return bool(self.until_s) and self.until_s <= time_s

    def holds(self, time_s: int) -> bool:
        """True if it holds back what happens with the interval that ends then."""
        in_time = self.from_s <= time_s and not self.is_over(time_s)
        return in_time and (self.window is None or self.window.holds(time_s))


@dataclass(frozen=True, slots=True)
class SilenceSet:
    """The silences that there are, and the ids of the items of the table that are none."""

    silences: Sequence[Silence] = ()
    unreadable: Sequence[str] = ()

    def holding(self, rule: Rule, time_s: int) -> list[Silence]:
        """The silences that hold then and may match alerts of the rule; first the one that lasts longest."""
        found = (item for item in self.silences if item.matcher.matches_rule(rule) and item.holds(time_s))
        return sorted(found, key=lambda item: (bool(item.until_s), -item.until_s, item.silence_id))


class SilenceSource(Protocol):
    """The silences table; `TransientError` when it cannot be read."""

    def fresh(self) -> SilenceSet:
        """The silences as they are now, and those that ended not long ago."""


class NoSilences(SilenceSource):
    """Silences of a place that has none."""

    def fresh(self) -> SilenceSet:
        """No silence."""
        return SilenceSet()
