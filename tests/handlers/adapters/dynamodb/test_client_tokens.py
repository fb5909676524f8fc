"""The table of the clients' tokens."""

import pytest

from handlers.adapters.dynamodb.client_tokens import ClientTokens
from handlers.domain.clients.authorizing import KnownToken
from handlers.domain.errors import ConfigurationError, TransientError
from tests.support.scripted_client import Scripted, refusal


def test_a_token_is_read_by_its_hash_as_it_is_now() -> None:
    """With the client's name and its end, if it has one."""
    item = {"token_hash": {"S": "ab"}, "client": {"S": "edge"}, "created_at": {"N": "1"}}
    dynamodb = Scripted({"Item": item}, {"Item": {**item, "expires_at": {"N": "1800000000"}}}, {})
    tokens = ClientTokens(dynamodb, "tokens")
    assert tokens.find("ab") == KnownToken("edge")
    assert tokens.find("ab") == KnownToken("edge", 1_800_000_000.0)
    assert tokens.find("ab") is None
    asked = {"TableName": "tokens", "Key": {"token_hash": {"S": "ab"}}, "ConsistentRead": True}
    assert dynamodb.calls == [("get_item", asked)] * 3


def test_trouble_is_raised_and_names_the_code_alone() -> None:
    """What passes and what an operator must mend."""
    codes = ("ThrottlingException", "AccessDeniedException")
    tokens = ClientTokens(Scripted(*(refusal(code, "account 123456789012") for code in codes)), "tokens")
    with pytest.raises(TransientError, match=r"^Call: ThrottlingException$"):
        tokens.find("ab")
    with pytest.raises(ConfigurationError, match=r"^Call: AccessDeniedException$"):
        tokens.find("ab")
