"""Roles and policies; one that says what is not evaluated here is refused."""

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created, policy_text
from emulator.moto.backends import load_aws_managed_policy

_AWS_MANAGED = "arn:aws:iam::aws:policy/"


def _role(context: Context, properties: Properties) -> Created:
    client = context.client("iam")
    name = properties.text("RoleName", context.name(properties.logical_id, longest=64))
    role = client.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=policy_text(properties, "AssumeRolePolicyDocument"),
        **properties.subset("Description", "MaxSessionDuration", "Path", "PermissionsBoundary", "Tags"),
    )["Role"]
    for policy in properties.get("Policies", []):
        client.put_role_policy(
            RoleName=name,
            PolicyName=policy["PolicyName"],
            PolicyDocument=policy_text(properties, "Policies", policy["PolicyDocument"]),
        )
    for arn in properties.get("ManagedPolicyArns", []):
        if arn.startswith(_AWS_MANAGED):
            try:
                load_aws_managed_policy(arn)
            except LookupError as error:
                raise properties.refuse("ManagedPolicyArns", str(error)) from error
        client.attach_role_policy(RoleName=name, PolicyArn=arn)
    return Created(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _policy(context: Context, properties: Properties) -> Created:
    name = properties.text("PolicyName")
    document = policy_text(properties, "PolicyDocument")
    for role in properties.require("Roles"):
        context.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
    return Created(context.name(properties.logical_id), {"Id": context.name(properties.logical_id)})


def _managed_policy(context: Context, properties: Properties) -> Created:
    client = context.client("iam")
    arn = client.create_policy(
        PolicyName=properties.text("ManagedPolicyName", context.name(properties.logical_id, longest=128)),
        PolicyDocument=policy_text(properties, "PolicyDocument"),
        **properties.subset("Description", "Path"),
    )["Policy"]["Arn"]
    for role in properties.get("Roles", []):
        client.attach_role_policy(RoleName=role, PolicyArn=arn)
    return Created(arn, {"PolicyArn": arn})


HANDLERS = {
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::IAM::Policy": _policy,
    "AWS::IAM::Role": _role,
}
