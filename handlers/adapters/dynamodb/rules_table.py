"""The rules table: one item for each rule, in the form of the rule files."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from handlers.adapters.dynamodb.attributes import attributes_of, values_of
from handlers.adapters.dynamodb.table import Table
from handlers.domain.alerts.rules.fields import RuleError
from handlers.domain.alerts.rules.reading import read_rule, rule_document
from handlers.domain.alerts.rules.rule import Rule, RuleSet, RuleSource
from handlers.domain.errors import TransientError
from handlers.vocabulary import ALERT_RULES_KEY

# A change of rules counts within half a minute (docs/alerts.md): the rest is for the batch that is under way.
FRESH_SECONDS = 10.0
STALE_SECONDS = 25.0
KNOWN_AFTER_S = 30


class RulesTable(RuleSource):
    """Rules, read again when they are older than ten seconds, or than the reader says."""

    def __init__(
        self,
        dynamodb: Any,
        table: str,
        clock: Callable[[], float] = time.monotonic,
        fresh_seconds: float = FRESH_SECONDS,
    ) -> None:
        self._table = Table(dynamodb, table, ALERT_RULES_KEY)
        self._fresh_seconds = fresh_seconds
        self._clock = clock
        self._known = RuleSet(())
        self._read_at: float | None = None

    def rules(self) -> RuleSet:
        """The rules in force; if they cannot be read, those known while they are young enough."""
        age = float("inf") if self._read_at is None else self._clock() - self._read_at
        if age <= self._fresh_seconds:
            return self._known
        try:
            return self.fresh()
        except TransientError:
            if age > STALE_SECONDS:
                raise
            return self._known

    def fresh(self) -> RuleSet:
        """The rules as they are now."""
        began = self._clock()
        found, unreadable = [], 0
        for item in self._table.scan():
            try:
                found.append(rule_of(item))
            except RuleError:
                unreadable += 1
        self._known = RuleSet(sorted(found, key=lambda rule: rule.key), unreadable)
        self._read_at = began
        return self._known


def rule_of(item: Mapping[str, Any]) -> Rule:
    """The rule that an item of the table, or of its stream, holds; `RuleError` if it is none."""
    return read_rule(values_of(item))


def item_of(rule: Rule) -> dict[str, Any]:
    """The item of a rule."""
    return attributes_of(rule_document(rule))
