"""Faults on request: throttling, delays and the like, as `/_local/faults` is told.

    {"throttle": {"WriteRecords": {"count": 3}, "Query": {"probability": 0.2}},
     "latency": {"*": {"seconds": 0.5, "probability": 0.1}},
     "reject": {"probability": 0.01, "reason": "..."},
     "lose_replies": {"WriteRecords": {"count": 1}},
     "empty_first_pages": {"count": 2},
     "fail_unloads": {"count": 1},
     "seed": 7}

A `count` is used up, a `probability` lasts; with neither a fault happens each time. `*` stands for every operation.
"""

import random
import threading
from collections.abc import Mapping
from typing import Any

from emulator.timestream.errors import ValidationException

_PER_OPERATION = ("throttle", "latency", "lose_replies")
_PLAIN = ("reject", "empty_first_pages", "fail_unloads")
_MEMBERS = {"count", "probability", "seconds", "reason"}
_MAX_SECONDS = 600


class Faults:
    """The faults asked for; each question of the server uses up a count or throws the dice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: dict[str, Any] = {}
        self._random = random.Random()  # noqa: S311 - dice for tests, not secrets
        self.active = False

    def replace(self, rules: Mapping[str, Any]) -> None:
        """Make these the only faults; ValidationException names what is not understood."""
        checked = {name: _checked(name, rule) for name, rule in rules.items()}
        with self._lock:
            self._rules = checked
            if "seed" in rules:
                self._random.seed(rules["seed"])
            self.active = bool(checked)

    def shown(self) -> dict[str, Any]:
        """The faults as they stand, counts as far as they are used up."""
        with self._lock:
            return {name: _copied(rule) for name, rule in self._rules.items()}

    def throttles(self, operation: str) -> bool:
        """True if this call is throttled."""
        return self._operation_rule("throttle", operation) is not None

    def loses_reply(self, operation: str) -> bool:
        """True if this call is done but never answered."""
        return self._operation_rule("lose_replies", operation) is not None

    def latency(self, operation: str) -> float:
        """The seconds by which this call is delayed."""
        rule = self._operation_rule("latency", operation)
        return float(rule["seconds"]) if rule else 0.0

    def rejections(self, records: int) -> dict[int, str]:
        """The records of a call that are rejected, by index, and the reasons."""
        if "reject" not in self._rules:
            return {}
        with self._lock:
            rule = self._rules.get("reject")
            if rule is None:
                return {}
            reason = rule.get("reason", "The record was rejected by request of a fault.")
            return {index: reason for index in range(records) if self._happens(rule)}

    def empties_first_page(self) -> bool:
        """True if this query answers first with a page without rows."""
        return self._plain("empty_first_pages")

    def fails_unload(self) -> bool:
        """True if this UNLOAD breaks after some of its files."""
        return self._plain("fail_unloads")

    def _operation_rule(self, fault: str, operation: str) -> Mapping[str, Any] | None:
        if not self.active:
            return None
        with self._lock:
            rules = self._rules.get(fault, {})
            for name in (operation, "*"):
                rule = rules.get(name)
                if rule is not None and self._happens(rule):
                    return dict(rule)
        return None

    def _plain(self, fault: str) -> bool:
        if not self.active:
            return False
        with self._lock:
            rule = self._rules.get(fault)
            return rule is not None and self._happens(rule)

    def _happens(self, rule: dict[str, Any]) -> bool:
        if rule.get("count") == 0 or self._random.random() >= rule.get("probability", 1):
            return False
        if "count" in rule:
            rule["count"] -= 1
        return True


def _checked(name: str, rule: Any) -> Any:
    if name == "seed" and isinstance(rule, int):
        return rule
    if name in _PER_OPERATION and isinstance(rule, dict):
        return {operation: _checked_rule(name, one) for operation, one in rule.items()}
    if name in _PLAIN:
        return _checked_rule(name, rule)
    raise ValidationException(
        f"'{name[:100]}' is no fault; there are {', '.join((*_PER_OPERATION, *_PLAIN, 'seed'))}."
    )


def _checked_rule(name: str, rule: Any) -> dict[str, Any]:
    if not isinstance(rule, dict) or not set(rule) <= _MEMBERS:
        raise ValidationException(f"The fault '{name}' takes an object with {', '.join(sorted(_MEMBERS))}.")
    count, probability, seconds = rule.get("count", 1), rule.get("probability", 1), rule.get("seconds", 0)
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValidationException(f"The count of '{name}' must be a whole number of at least 0.")
    if not isinstance(probability, int | float) or not 0 <= probability <= 1:
        raise ValidationException(f"The probability of '{name}' must be a number from 0 to 1.")
    if not isinstance(seconds, int | float) or not 0 <= seconds <= _MAX_SECONDS:
        raise ValidationException(f"The seconds of '{name}' must be a number from 0 to {_MAX_SECONDS}.")
    if name == "latency" and "seconds" not in rule:
        raise ValidationException("The fault 'latency' needs seconds.")
    if not isinstance(rule.get("reason", ""), str):
        raise ValidationException(f"The reason of '{name}' must be a text.")
    return dict(rule)


def _copied(rule: Any) -> Any:
    return {name: _copied(part) for name, part in rule.items()} if isinstance(rule, dict) else rule
