"""Resource-based policies of functions, made of their stacks' permissions as Lambda makes them.

https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

from emulator.cloudformation.deployment import Resource

# The property that each condition of a permission comes from.
_CONDITIONS = (
    ("ArnLike", "AWS:SourceArn", "SourceArn"),
    ("StringEquals", "AWS:SourceAccount", "SourceAccount"),
    ("StringEquals", "lambda:FunctionUrlAuthType", "FunctionUrlAuthType"),
    ("Bool", "lambda:InvokedViaFunctionUrl", "InvokedViaFunctionUrl"),
)


def policy_of(function: Resource, permissions: Iterable[Resource]) -> Mapping[str, Any]:
    """A function's policy: a statement for each permission that names the function."""
    arn = function.attributes["Arn"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            _statement(one, arn)
            for one in permissions
            if named_function(one.properties["FunctionName"]) == function.physical_id
        ],
    }


def named_function(name: str) -> str:
    """The name of a function that is given by its name or by an ARN, whole or in part."""
    return name.rsplit(":function:", maxsplit=1)[-1].split(":", maxsplit=1)[0]


def _statement(permission: Resource, arn: str) -> Mapping[str, Any]:
    properties = permission.properties
    conditions: dict[str, dict[str, Any]] = {}
    for operator, key, name in _CONDITIONS:
        if name in properties:
            conditions.setdefault(operator, {})[key] = properties[name]
    return {
        "Sid": permission.physical_id,
        "Effect": "Allow",
        "Principal": _principal(str(properties["Principal"])),
        "Action": properties["Action"],
        "Resource": arn,
        "Condition": conditions,
    }


def _principal(name: str) -> Any:
    """A principal as a policy has it: everybody, a service, an ARN, or an account, which stands for its root."""
    if name == "*":
        return name
    if name.endswith(".amazonaws.com"):
        return {"Service": name}
    return {"AWS": name if name.startswith("arn:") else f"arn:aws:iam::{name}:root"}
