"""Faults as a person asks for them: rules for any service, and `timestream` for those that only its engine can make."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from emulator.faults import FaultError, FaultRule, Faults, parse_rule
from emulator.faults.spec import rule_of
from emulator.timestream_process import NoTimestream, TimestreamProcess

_TIMESTREAM = "timestream"
_MOST_SEED = 2**63 - 1


class FaultControls:
    """Puts faults in force that could strike here, and shows and ends them.

    `named` has for a field of a rule the names that there are to give it.
    """

    def __init__(
        self,
        faults: Faults,
        engine: TimestreamProcess | NoTimestream,
        regions: Sequence[str],
        named: Mapping[str, Callable[[], Collection[str]]],
    ) -> None:
        self._faults, self._engine, self._regions, self._named = faults, engine, regions, named

    def add(self, body: Mapping[str, Any]) -> None:
        """Put in force what an object describes, all of it or nothing; FaultError names the field that is wrong."""
        rest = dict(body)
        inside, seed = rest.pop(_TIMESTREAM, None), rest.pop("seed", None)
        raw = rest.pop("rules") if set(rest) == {"rules"} else [rest] if rest else []
        if not isinstance(raw, list) or not (raw or inside is not None or seed is not None):
            raise FaultError("rules", "must be a list of rules")
        if seed is not None and (type(seed) is not int or not 0 <= seed <= _MOST_SEED):
            raise FaultError("seed", f"must be a whole number from 0 to {_MOST_SEED}")
        rules = [self._rule(one) for one in raw]
        if inside is not None:
            status, answer = self._engine.control("POST", "/_local/faults", inside)
            if status != 200:
                raise FaultError(_TIMESTREAM, str(answer.get("Message") or answer.get("error") or answer))
        if seed is not None:
            self._faults.seed(seed)
        for rule in rules:
            self._faults.add(rule)

    def clear(self) -> None:
        """Put every fault out of force."""
        self._faults.clear()
        self._engine.control("POST", "/_local/faults", {})

    def describe(self) -> dict[str, Any]:
        """The faults in force, and how often one struck."""
        _, inside = self._engine.control("GET", "/_local/faults")
        return {**self._faults.describe(), _TIMESTREAM: inside}

    def _rule(self, raw: Any) -> FaultRule:
        try:
            rule = parse_rule(rule_of(raw) if isinstance(raw, str) else raw)
        except ValueError as error:
            raise FaultError("rules", str(error)) from error
        if self._regions:
            _expect(rule.region, "region", self._regions)
        for field, names in self._named.items():
            if (name := getattr(rule, field)) != "*":
                _expect(name, field, names())
        return rule


def _expect(name: str, field: str, known: Collection[str]) -> None:
    if name not in {"*", *known}:
        raise FaultError(
            field, f"{name!r} is not here; known are * and {', '.join(sorted(known)) or 'no other'}"
        )
