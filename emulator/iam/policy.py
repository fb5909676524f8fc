"""Policy documents, read into statements; an element or a condition that is not evaluated here is refused by name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.errors import UnsupportedPolicyError
from emulator.iam.conditions import KEYS, OPERATORS

_ELEMENTS = frozenset({"Action", "Condition", "Effect", "Principal", "Resource", "Sid"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `principals` are ARNs and service names, none in the policy of a role."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]


def parse_policy(document: Mapping[str, Any]) -> tuple[Statement, ...]:
    """The statements of a policy document; UnsupportedPolicyError names what is not known here."""
    return tuple(_statement(raw) for raw in _items(document.get("Statement", [])))


def _statement(raw: Mapping[str, Any]) -> Statement:
    for element in raw:
        if element not in _ELEMENTS:
            raise UnsupportedPolicyError(f"{element} is not evaluated here")
    if raw.get("Effect") not in {"Allow", "Deny"}:
        raise UnsupportedPolicyError("a statement's Effect is Allow or Deny")
    resources = _texts(raw.get("Resource", "*"))  # trust is of the role itself
    for resource in resources:
        if "${" in resource:
            raise UnsupportedPolicyError(f"policy variables, as in {resource}, are not evaluated here")
    return Statement(
        allows=raw["Effect"] == "Allow",
        actions=tuple(action.lower() for action in _texts(raw.get("Action", []))),
        resources=resources,
        principals=_principals(raw.get("Principal", [])),
        conditions=tuple(_conditions(raw.get("Condition", {}))),
    )


def _principals(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, Mapping):
        return _texts(raw)
    for kind in raw:
        if kind not in {"AWS", "Service"}:
            raise UnsupportedPolicyError(f"a {kind} principal is not known here")
    return tuple(name for names in raw.values() for name in _texts(names))


def _conditions(raw: Mapping[str, Any]) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    for operator, keys in raw.items():
        if operator not in OPERATORS:
            raise UnsupportedPolicyError(f"the condition operator {operator} is not evaluated here")
        for key, values in keys.items():
            if key.lower() not in KEYS:
                raise UnsupportedPolicyError(f"the condition key {key} is not known here")
            yield operator, key.lower(), _texts(values)


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in _items(value))
