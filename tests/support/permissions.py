"""The judgement of roles by one run: each call needs its permission, and each permission its call."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.iam.evaluation import Grant, Permission, grants
from emulator.iam.policy import parse_policy

Policy = Mapping[str, Any]


def roles_of(iam: Any) -> dict[str, Policy]:
    """The inline policies of an account's roles, each role's in one document; those of no policy left out."""
    found: dict[str, Policy] = {}
    for role in iam.list_roles()["Roles"]:
        statements = []
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
            statements += document["Statement"]
        if statements:
            found[role["Arn"]] = {"Statement": statements}
    return found


def calls_of(shown: Mapping[str, Any]) -> dict[str, list[Permission]]:
    """The permissions that roles used, as `/_local/permissions` shows them."""
    found: dict[str, list[Permission]] = {}
    for one in shown["used"]:
        context = {"aws:securetransport": "true", **one["context"]}
        permission = Permission(one["action"], one["resource"], tuple(context.items()))
        found.setdefault(one["role"], []).append(permission)
    return found


def faults(policy: Policy, calls: Sequence[Permission]) -> list[str]:
    """Calls that nothing allows, and places of the policy (an action on a resource) that no call needs."""
    statements = parse_policy(policy)
    by = {call: grants(statements, call, allows=True) for call in calls}
    missing = [f"may not {call.action} on {call.resource}" for call, places in by.items() if not places]
    needed = {place for places in by.values() if len(places) == 1 for place in places}
    return missing + [
        f"needs no {place[1]} on {place[2]}" for place in _places(policy) if place not in needed
    ]


def mutations(policy: Policy) -> Iterator[tuple[str, Policy]]:
    """The policy less one action or one resource of a statement, and with one more of each."""
    for number, statement in enumerate(policy["Statement"]):
        for element, more in (("Action", "s3:DeleteBucket"), ("Resource", "arn:aws:s3:::another")):
            values = _list(statement[element])
            for value in values:
                less = [other for other in values if other != value]
                yield f"without {value}", _with(policy, number, element, less)
            yield f"with {more}", _with(policy, number, element, [*values, more])


def _with(policy: Policy, number: int, element: str, values: list[str]) -> Policy:
    statements = [
        {**statement, element: values} if place == number else statement
        for place, statement in enumerate(policy["Statement"])
    ]
    return {"Statement": [statement for statement in statements if statement[element]]}


def _places(policy: Policy) -> Iterator[Grant]:
    for number, statement in enumerate(parse_policy(policy)):
        for action in statement.actions:
            for resource in statement.resources:
                yield number, action, resource


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
