"""The clients' tokens in the regional stack."""

import json
from dataclasses import replace

from templates.config import load
from tests.support.generated import Generated, build, tokens


def stack() -> Generated:
    """A region of an environment whose clients have tokens."""
    return build("regional", tokens())


def test_the_table_has_hashes_alone_which_expire_and_outlive_the_stack() -> None:
    """Were it lost, every client would need another token; it can be set back, too."""
    table = stack().resources["ClientTokensTable"]
    properties = table["Properties"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert properties["KeySchema"] == [{"AttributeName": "token_hash", "KeyType": "HASH"}]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_the_authorizer_may_look_for_a_token_and_list_none() -> None:
    """Whoever breaks into it learns no client and writes no token."""
    role = stack().of("AWS::IAM::Role")["ClientAuthorizerRole"]
    [policy] = role["Policies"]
    of_table = [
        statement["Action"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "ClientTokensTable" in json.dumps(statement["Resource"])
    ]
    assert of_table == [["dynamodb:GetItem"]]


def test_the_api_may_call_the_authorizer_and_nothing_else_before_it_knows_a_client() -> None:
    """With a role of its own, beside that which puts records on the stream."""
    role = stack().of("AWS::IAM::Role")["IngestApiAuthorizerRole"]
    [statement] = role["Policies"][0]["PolicyDocument"]["Statement"]
    arn = {"Fn::GetAtt": ["ClientAuthorizerFunction", "Arn"]}
    assert (statement["Action"], statement["Resource"]) == (["lambda:InvokeFunction"], [arn])


def test_only_where_clients_have_tokens_is_there_any_of_it() -> None:
    """Nobody else pays for a table, a function and an alarm."""
    for auth in ("iam", "none"):
        config = replace(load("dev"), api=replace(load("dev").api, auth=auth))
        resources = build("regional", config).resources
        assert not [title for title in resources if title.startswith("Client") or "Authorizer" in title]
