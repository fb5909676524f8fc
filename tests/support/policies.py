"""IAM's decision on a call, by the statements that a template gives to a role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html, for what our templates use:
allowing statements with actions, resources and conditions.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.iam.conditions import matches
from tests.support.generated import Generated
from tests.support.resolved_template import resolved


@dataclass(frozen=True)
class Call:
    """An action on a resource (`*` where the action has none), and the condition keys of the request."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Statement:
    """A statement that allows, as IAM gets it."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]]

    def allows(self, call: Call) -> bool:
        """True if action, resource and every condition fit."""
        return (
            call.action in self.actions
            and any(matches(pattern, call.resource) for pattern in self.resources)
            and all(
                _OPERATORS[operator](call.context.get(key), values if isinstance(values, list) else [values])
                for operator, keys in self.conditions.items()
                for key, values in keys.items()
            )
        )


def execution_statements(fleet: Generated) -> Iterator[Statement]:
    """The statements of the fleet's execution role, everything in them resolved."""
    for part in resolved(fleet.body, {}, "fleet", fleet.config.home).values():
        if part["Type"] == "AWS::IAM::ManagedPolicy":
            for statement in part["Properties"]["PolicyDocument"]["Statement"]:
                assert statement["Effect"] == "Allow"
                yield Statement(
                    tuple(statement["Action"]), tuple(statement["Resource"]), statement.get("Condition", {})
                )


def _any(match: Callable[[str, str], bool]) -> Callable[[str | None, list[str]], bool]:
    return lambda value, wanted: value is not None and any(match(one, value) for one in wanted)


_OPERATORS: Mapping[str, Callable[[str | None, list[str]], bool]] = {
    "ArnEquals": _any(matches),
    "ArnLike": _any(matches),
    "Null": lambda value, wanted: (value is None) == (wanted == ["true"]),
    "StringEquals": _any(lambda one, value: one == value),
    "StringLike": _any(matches),
}
