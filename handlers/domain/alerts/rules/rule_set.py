"""The alert rules that are in force, and where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from handlers.domain.alerts.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules in force, and how many items of the table are none."""

    rules: Sequence[Rule]
    unreadable: int = 0


class RuleSource(Protocol):
    """The rules table. Both methods raise `TransientError` when it cannot be read and nothing young enough is known."""

    def rules(self) -> RuleSet:
        """The rules, at most half a minute old."""
        ...

    def fresh(self) -> RuleSet:
        """The rules as they are now."""
        ...
