"""Roles and policies. Nothing here enforces them: the local run checks no permission."""

import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created
from emulator.errors import TemplateError

_AWS_MANAGED = "arn:aws:iam::aws:policy/"


def _role(context: Context, properties: Properties) -> Created:
    client = context.client("iam")
    name = properties.text("RoleName", context.name(properties.logical_id, longest=64))
    role = client.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(properties.require("AssumeRolePolicyDocument")),
        **properties.subset("Description", "MaxSessionDuration", "Path", "PermissionsBoundary", "Tags"),
    )["Role"]
    for policy in properties.get("Policies", []):
        client.put_role_policy(
            RoleName=name,
            PolicyName=policy["PolicyName"],
            PolicyDocument=json.dumps(policy["PolicyDocument"]),
        )
    for arn in properties.get("ManagedPolicyArns", []):
        if arn.startswith(_AWS_MANAGED):
            _load_aws_managed_policy(context, arn)
        client.attach_role_policy(RoleName=name, PolicyArn=arn)
    return Created(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _load_aws_managed_policy(context: Context, arn: str) -> None:
    """Make one policy of AWS's own known: moto would read all of them, which takes longer than the whole start."""
    policies: dict[str, Any] = iam_backends[context.account_id]["aws"].managed_policies
    if arn not in policies:
        name = arn.rsplit("/", 1)[-1]
        known = json.loads(aws_managed_policies_data)
        if name not in known:
            raise TemplateError(f"there is no policy {arn}", at=("ManagedPolicyArns",))
        policies[arn] = AWSManagedPolicy.from_data(name, context.account_id, "aws", known[name])


def _policy(context: Context, properties: Properties) -> Created:
    name = properties.text("PolicyName")
    document = json.dumps(properties.require("PolicyDocument"))
    for role in properties.require("Roles"):
        context.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
    return Created(context.name(properties.logical_id), {"Id": context.name(properties.logical_id)})


def _managed_policy(context: Context, properties: Properties) -> Created:
    client = context.client("iam")
    arn = client.create_policy(
        PolicyName=properties.text("ManagedPolicyName", context.name(properties.logical_id, longest=128)),
        PolicyDocument=json.dumps(properties.require("PolicyDocument")),
        **properties.subset("Description", "Path"),
    )["Policy"]["Arn"]
    for role in properties.get("Roles", []):
        client.attach_role_policy(RoleName=role, PolicyArn=arn)
    return Created(arn, {"PolicyArn": arn})


PROVISIONERS = {
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::IAM::Policy": _policy,
    "AWS::IAM::Role": _role,
}
