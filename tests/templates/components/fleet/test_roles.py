"""The roles of the fleet: who may take them."""

from tests.support.generated import Generated


def test_only_stacksets_of_this_account_take_the_administration_role(fleet: Generated) -> None:
    """And all that it may do is to take the execution role, which no other may."""
    roles = fleet.of("AWS::IAM::Role")
    (trust,) = roles["AdministrationRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "cloudformation.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].endswith(":stackset/*")
    (policy,) = fleet.of("AWS::IAM::Policy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["sts:AssumeRole"]
    assert statement["Resource"] == [{"Fn::GetAtt": ["ExecutionRole", "Arn"]}]
    assert policy["Roles"] == [{"Ref": "AdministrationRole"}]
    (trust,) = roles["ExecutionRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": {"Fn::GetAtt": ["AdministrationRole", "Arn"]}}
