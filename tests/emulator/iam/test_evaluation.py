"""Which statements give a permission, and which deny it."""

from typing import Any

import pytest

from emulator.iam.evaluation import Permission, grants, permission
from emulator.iam.policy import parse_policy

ACCOUNT = "123456789012"
OBJECT = "arn:aws:s3:::bucket/quarantine/date=1/a.jsonl"


def allows(asked: Permission, **statement: Any) -> bool:
    """True if a policy of one statement gives the permission."""
    return bool(grants(parse_policy({"Statement": [{"Effect": "Allow", **statement}]}), asked, allows=True))


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:GetObject", "*", True),
        ("S3:getobject", "*", True),
        ("s3:Get*", "*", True),
        ("*", "*", True),
        ("s3:GetObjec?", "*", True),
        ("s3:GetObjectAcl", "*", False),
        ("s3:GetObject", "arn:aws:s3:::bucket/*", True),
        ("s3:GetObject", "arn:aws:s3:::bucket/quarantine/*", True),
        ("s3:GetObject", "arn:aws:s3:::bucket/rejected/*", False),
        ("s3:GetObject", "arn:aws:s3:::bucket", False),
        ("s3:GetObject", "arn:aws:s3:::bucket/quarantine/date=1/a?jsonl", True),
        ("s3:GetObject", "arn:aws:s3:::bucket/quarantine/date=1/aXjsonl", False),
    ],
)
def test_actions_and_resources_are_patterns(action: str, resource: str, expected: bool) -> None:
    """`*` and `?` are the only wildcards; actions are compared in any case, resources as they are."""
    asked = permission("s3:GetObject", OBJECT, ACCOUNT)
    assert allows(asked, Action=action, Resource=resource) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"s3:ResourceAccount": ACCOUNT}}, True),
        ({"StringEquals": {"s3:ResourceAccount": ["1", ACCOUNT]}}, True),
        ({"StringEquals": {"s3:ResourceAccount": "1"}}, False),
        ({"StringLike": {"s3:ResourceAccount": "12*"}}, True),
        ({"StringEquals": {"s3:ResourceAccount": "12*"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"Bool": {"aws:SecureTransport": False}}, False),
        ({"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"s3:ResourceAccount": "1"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:*"}}, False),
        ({"ArnNotLike": {"aws:PrincipalArn": "arn:*"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}, True),
        ({"ArnNotLike": {"s3:ResourceAccount": ["1", "12*"]}}, False),
        ({"ArnNotLike": {"s3:ResourceAccount": ["1", "2"]}}, True),
    ],
)
def test_every_condition_must_hold(condition: dict[str, Any], expected: bool) -> None:
    """One of a key's values is enough; a key that the request does not have meets none but a Not."""
    asked = permission("s3:GetObject", OBJECT, ACCOUNT)
    assert allows(asked, Action="s3:GetObject", Resource="*", Condition=condition) is expected


def test_the_places_that_give_a_permission_are_told_apart() -> None:
    """Statement, action and resource: taking any of them away shows in what is left."""
    statements = parse_policy(
        {
            "Statement": [
                {"Effect": "Allow", "Action": ["s3:GetObject", "s3:Get*"], "Resource": [OBJECT, "*"]},
                {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"},
            ]
        }
    )
    asked = permission("s3:GetObject", OBJECT, ACCOUNT)
    assert grants(statements, asked, allows=True) == {
        (0, action, resource) for action in ("s3:getobject", "s3:get*") for resource in (OBJECT, "*")
    }
    assert grants(statements, asked, allows=False) == {(1, "s3:getobject", "*")}


def test_a_statement_with_principals_is_for_those_alone() -> None:
    """A key's statement for a service gives nothing to a role."""
    statements = parse_policy(
        {"Statement": {"Effect": "Allow", "Principal": {"Service": "a"}, "Action": "*", "Resource": "*"}}
    )
    asked = permission("kms:Decrypt", "k", ACCOUNT)
    assert not grants(statements, asked, allows=True, principals={"b"})
    assert grants(statements, asked, allows=True, principals={"a", "b"})
