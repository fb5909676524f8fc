"""Tokens as operators make and keep them."""

import boto3
import pytest
from moto import mock_aws

from handlers.domain.clients.token import token_hash, token_of
from ops.client_tokens import ClientToken, TokenTable, new_token, token_of_client
from ops.errors import OperatorError
from ops.stack import Target
from templates.config import load


def test_a_new_token_is_one_that_the_api_takes_and_no_two_are_alike() -> None:
    """In each of the ways in which clients send theirs."""
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(token_of(f"Bearer {token}") == token_of(f"Token {token}") == token for token in made)


def test_a_token_is_kept_by_its_hash() -> None:
    """With the whole second from which on it is the client's."""
    assert token_of_client("edge", "tg_x", 17.9) == ClientToken(token_hash("tg_x"), "edge", 17)


def test_a_token_that_was_revoked_meanwhile_gets_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """That would bring it back, as an item without a client; of others the end is set."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        dynamodb.create_table(
            TableName="tokens",
            KeySchema=[{"AttributeName": "token_hash", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "token_hash", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        table = TokenTable(dynamodb, "tokens", "us-east-1")
        gone, there = ClientToken("gone", "edge", 1), ClientToken("there", "edge", 2)
        table.put(there)
        for token in (gone, there):
            table.end(token, 4_000_000_000)
        assert table.read().every == (ClientToken("there", "edge", 2, 4_000_000_000),)


def test_a_stack_of_before_has_no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what makes it have some."""
    monkeypatch.setattr(Target, "outputs", lambda _: {"IngestUrl": "x"})
    with pytest.raises(OperatorError, match=r'deploy it with api.auth = "token" first'):
        TokenTable.of(Target(load("dev"), "us-east-1", "metrics-dev"))
