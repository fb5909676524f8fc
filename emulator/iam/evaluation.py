"""Evaluation: which statements speak about a permission, and whether it is given.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from emulator.iam.conditions import hold, matches
from emulator.iam.policy import Statement


@dataclass(frozen=True, slots=True)
class Permission:
    """One action on one resource, with what the request says of itself; the keys in small letters."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


def permission(action: str, resource: str, account: str, **more: str) -> Permission:
    """A permission in an account with what every request says of itself; the endpoint is http, and stands for https."""
    context = {"aws:securetransport": "true", **more}
    if action.startswith("s3:"):
        context["s3:resourceaccount"] = account
    return Permission(action, resource, tuple(context.items()))


Grant = tuple[int, str, str]
"""A place in the statements that covers a permission: the statement's number, its action and its resource."""


def grants(
    statements: Sequence[Statement], asked: Permission, *, allows: bool, principals: Iterable[str] = ()
) -> frozenset[Grant]:
    """The places that allow or deny a permission; of statements with principals, those that name one of these."""
    action, context, named = asked.action.lower(), dict(asked.context), set(principals)
    return frozenset(
        (number, name, resource)
        for number, statement in enumerate(statements)
        if statement.allows == allows and (not statement.principals or named & {*statement.principals})
        for name in statement.actions
        if matches(name, action)
        for resource in statement.resources
        if matches(resource, asked.resource) and hold(statement.conditions, context)
    )
