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
from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from typing import Any

from emulator.timestream.errors import ValidationException

_PER_OPERATION = ("throttle", "latency", "lose_replies")
_PLAIN = ("reject", "empty_first_pages", "fail_unloads")
_MAX_SECONDS = 600
_MEMBERS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "count": (lambda given: type(given) is int and given >= 0, "a whole number of at least 0"),
    "probability": (lambda given: isinstance(given, int | float) and 0 <= given <= 1, "a number from 0 to 1"),
    "seconds": (
        lambda given: isinstance(given, int | float) and 0 <= given <= _MAX_SECONDS,
        f"a number from 0 to {_MAX_SECONDS}",
    ),
    "reason": (lambda given: isinstance(given, str), "a text"),
}


class Faults:
    """The faults asked for, of these operations; each question of the server uses up a count or throws the dice."""

    def __init__(self, operations: Collection[str]) -> None:
        self._operations = frozenset(operations)
        self._lock = threading.Lock()
        self._rules: dict[str, Any] = {}
        self._random = random.Random()  # noqa: S311 - dice for tests, not secrets
        self.active = False

    def replace(self, rules: Mapping[str, Any]) -> None:
        """Make these the only faults; ValidationException names what is not understood."""
        checked = {name: self._checked(name, rule) for name, rule in rules.items()}
        with self._lock:
            self._rules = checked
            if "seed" in rules:
                self._random.seed(rules["seed"])
            self.active = bool(checked)

    def shown(self) -> dict[str, Any]:
        """The faults as they stand, counts as far as they are used up."""
        with self._lock:
            return deepcopy(self._rules)

    def happens(self, fault: str, operation: str = "") -> Mapping[str, Any] | None:
        """The rule by which a fault happens now; None if it does not."""
        if not self.active:
            return None
        with self._lock:
            found = self._rules.get(fault)
            if found is None:
                return None
            for rule in (found.get(operation), found.get("*")) if fault in _PER_OPERATION else (found,):
                if rule is not None and self._strikes(rule):
                    return dict(rule)
        return None

    def rejections(self, records: int) -> dict[int, str]:
        """The records of a call that are rejected, by index, and the reasons."""
        plain = "The record was rejected by request of a fault."
        return {
            index: rule.get("reason", plain)
            for index in range(records)
            if (rule := self.happens("reject")) is not None
        }

    def _checked(self, name: str, rule: Any) -> Any:
        if name == "seed" and isinstance(rule, int):
            return rule
        if name in _PER_OPERATION and isinstance(rule, dict):
            unknown = sorted(rule.keys() - self._operations - {"*"})
            if unknown:
                known = ", ".join(sorted(self._operations))
                raise ValidationException(
                    f"'{name}' knows no operation '{unknown[0][:100]}'; there are * and {known}."
                )
            return {operation: _checked_rule(name, one) for operation, one in rule.items()}
        if name in _PLAIN:
            return _checked_rule(name, rule)
        raise ValidationException(
            f"'{name[:100]}' is no fault; there are {', '.join((*_PER_OPERATION, *_PLAIN, 'seed'))}."
        )

    def _strikes(self, rule: dict[str, Any]) -> bool:
        if rule.get("count") == 0 or self._random.random() >= rule.get("probability", 1):
            return False
        if "count" in rule:
            rule["count"] -= 1
        return True


def _checked_rule(name: str, rule: Any) -> dict[str, Any]:
    if not isinstance(rule, dict) or not rule.keys() <= _MEMBERS.keys():
        raise ValidationException(f"The fault '{name}' takes an object with {', '.join(sorted(_MEMBERS))}.")
    for member, (fits, expected) in _MEMBERS.items():
        if member in rule and not fits(rule[member]):
            raise ValidationException(f"The {member} of '{name}' must be {expected}.")
    if name == "latency" and "seconds" not in rule:
        raise ValidationException("The fault 'latency' needs seconds.")
    return dict(rule)
