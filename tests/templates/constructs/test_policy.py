"""IAM documents."""

from awacs import s3, sns
from troposphere import Ref, Template

from templates.constructs.policy import add_role, allow


def test_a_statement_of_two_grants_stands_once() -> None:
    """Two things that a function uses may lie under one key; what differs stays, in its order."""
    grants = [
        allow([sns.Publish], [Ref("Topic")]),
        allow([s3.GetObject], ["*"]),
        allow([sns.Publish], [Ref("Topic")]),
    ]
    role = add_role(
        Template(), "Role", service="lambda.amazonaws.com", description="A role", statements=grants
    )
    (policy,) = role.to_dict()["Properties"]["Policies"]
    actions = [statement["Action"] for statement in policy["PolicyDocument"]["Statement"]]
    assert actions == [["sns:Publish"], ["s3:GetObject"]]
