"""Faults on demand: the errors and delays that AWS's services have, for trying what happens then."""

import random
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from emulator.aws_request import AwsRequest
from emulator.faults.kinds import Place
from emulator.faults.rule import FaultError, FaultRule, parse_rule

__all__ = ["FaultError", "FaultRule", "Faults", "parse_rule"]


class Faults:
    """The rules in force. Each has dice of its own, from the seed and its number: the n-th it meets decides alike."""

    def __init__(self, *, seed: int | None = None) -> None:
        self._rules: list[tuple[FaultRule, random.Random]] = []
        self._lock = threading.Lock()
        self._seed = seed
        self._added = self._injected = 0

    def add(self, rule: FaultRule) -> None:
        """Put a rule in force, behind those there already."""
        with self._lock:
            self._added += 1
            seed = None if self._seed is None else f"{self._seed}/{self._added}"
            self._rules.append((rule, random.Random(seed)))  # noqa: S311 - decides what fails, no secret

    def seed(self, number: int) -> None:
        """Let the dice of the rules that come from here on follow from this number."""
        with self._lock:
            self._seed, self._added = number, 0

    def clear(self) -> None:
        """Put every rule out of force."""
        with self._lock:
            self._rules.clear()

    @property
    def active(self) -> bool:
        """True while a rule is in force."""
        return bool(self._rules)

    def take(self, request: AwsRequest) -> FaultRule | None:
        """The first rule that strikes this request, counting it; functions are struck where they are invoked."""
        if request.service == "lambda" and request.operation == "Invoke":
            return None
        return self._first(Place.CALL, lambda rule: rule.meets(request))

    def take_invocation(self, region: str, names: frozenset[str]) -> FaultRule | None:
        """The first rule that strikes the call of a function, which goes by these names."""
        return self._first(Place.CALL, lambda rule: rule.meets_function(region, names))

    def take_process(self, region: str, names: frozenset[str]) -> FaultRule | None:
        """The first rule that strikes the process of a function."""
        return self._first(Place.PROCESS, lambda rule: rule.meets_function(region, names))

    def take_delivery(self, kind: str, region: str, names: frozenset[str]) -> FaultRule | None:
        """The first rule of this kind that strikes the delivery of a batch to a function."""
        return self._first(
            Place.DELIVERY, lambda rule: rule.fault == kind and rule.meets_function(region, names)
        )

    def take_subscriber(self, region: str, names: frozenset[str]) -> FaultRule | None:
        """The first rule that strikes a delivery to a subscriber, which goes by its ARN and its endpoint."""
        return self._first(Place.SUBSCRIBER, lambda rule: rule.meets_subscriber(region, names))

    def describe(self) -> dict[str, Any]:
        """The rules in force and how often one struck."""
        with self._lock:
            return {"rules": [asdict(rule) for rule, _ in self._rules], "injected": self._injected}

    def _first(self, place: Place, meets: Callable[[FaultRule], bool]) -> FaultRule | None:
        if not self._rules:
            return None
        with self._lock:
            for entry in self._rules:
                rule, dice = entry
                if rule.place == place and meets(rule) and dice.random() < rule.probability:
                    self._injected += 1
                    if rule.count is not None:
                        rule.count -= 1
                        if rule.count == 0:
                            self._rules.remove(entry)
                    return rule
        return None
