"""IAM documents in the few forms this project uses."""

import json
from collections.abc import Sequence
from typing import Any

from awacs.aws import Action, Allow, Bool, Condition, Deny, PolicyDocument, Principal, Statement
from awacs.sts import AssumeRole
from troposphere import Template, encode_to_dict
from troposphere.iam import Policy, Role


def allow(actions: Sequence[Any], resources: Sequence[Any], **extra: Any) -> Statement:
    """A statement that allows these actions on these resources."""
    return Statement(Effect=Allow, Action=list(actions), Resource=list(resources), **extra)


def actions(service: str, names: str) -> list[Action]:
    """Actions of one service, by their names with spaces between them."""
    return [Action(service, name) for name in names.split()]


def document(*statements: Statement) -> PolicyDocument:
    """A policy of these statements."""
    return PolicyDocument(Version="2012-10-17", Statement=list(statements))


def deny_plain_http(action: Any, resources: Sequence[Any]) -> Statement:
    """A statement that refuses requests without TLS, whatever else allows them."""
    return Statement(
        Sid="DenyPlainHttp",
        Effect=Deny,
        Principal=Principal("*"),
        Action=[action],
        Resource=list(resources),
        Condition=Condition(Bool({"aws:SecureTransport": "false"})),
    )


def trust(service: str) -> PolicyDocument:
    """The policy of a role that one service may assume."""
    assume = Statement(Effect=Allow, Principal=Principal("Service", service), Action=[AssumeRole])
    return document(assume)


def add_role(
    template: Template, title: str, *, service: str, description: str, statements: Sequence[Statement]
) -> Role:
    """A role that one service assumes. It has no name of its own: IAM is global, this stack is not."""
    # Two grants may hold the same statement, such as the use of one key.
    distinct = {json.dumps(encode_to_dict(statement), sort_keys=True): statement for statement in statements}
    return template.add_resource(
        Role(
            title,
            Description=description,
            AssumeRolePolicyDocument=trust(service),
            Policies=[Policy(PolicyName="grants", PolicyDocument=document(*distinct.values()))],
        )
    )
