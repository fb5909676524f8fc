"""Policy documents: what is read, and what is refused by name."""

from typing import Any

import pytest

from emulator.errors import UnsupportedPolicyError
from emulator.iam.policy import parse_policy


def a_policy(**elements: Any) -> dict[str, Any]:
    """A policy of one statement."""
    return {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **elements}}


def test_single_values_and_lists_are_alike() -> None:
    """One statement, action, resource, principal or condition value may stand without its list."""
    single = a_policy(Principal={"Service": "a"}, Condition={"Bool": {"aws:SecureTransport": False}})
    listed = a_policy(
        Action=["s3:GetObject"],
        Resource=["*"],
        Principal={"Service": ["a"]},
        Condition={"Bool": {"aws:SecureTransport": ["false"]}},
    )
    assert parse_policy(single) == parse_policy({"Statement": [listed["Statement"]]})


@pytest.mark.parametrize(
    ("elements", "named"),
    [
        ({"NotAction": "s3:*"}, "NotAction"),
        ({"NotResource": "*"}, "NotResource"),
        ({"NotPrincipal": "*"}, "NotPrincipal"),
        ({"Effect": "Maybe"}, "Effect"),
        ({"Principal": {"Federated": "idp"}}, "Federated"),
        ({"Resource": "arn:aws:s3:::b/${aws:username}/*"}, "aws:username"),
        ({"Condition": {"NumericLessThan": {"s3:max-keys": "10"}}}, "NumericLessThan"),
        ({"Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "1"}}}, "StringEqualsIfExists"),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, "aws:PrincipalOrgID"),
    ],
)
def test_what_is_not_evaluated_is_refused_by_name(elements: dict[str, Any], named: str) -> None:
    """Passing over an element would allow or refuse otherwise than AWS."""
    with pytest.raises(UnsupportedPolicyError, match=named):
        parse_policy(a_policy(**elements))
