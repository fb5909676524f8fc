"""The API's authorizer as API Gateway calls it."""

import json
from typing import Any

import pytest

from handlers.client_authorizer import build
from handlers.domain.clients.token import token_hash
from handlers.domain.errors import TransientError
from tests.support.scripted_client import Scripted, refusal

TOKEN = "tg_" + "a" * 43
OTHER = "tg_" + "b" * 43
NOW_S = 1_800_000_000.0


def event(authorization: str) -> dict[str, Any]:
    """What API Gateway calls a REQUEST authorizer with, as far as it is of interest."""
    return {
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/prod/POST/metrics",
        "headers": {"authorization": authorization},
        "multiValueHeaders": {"authorization": [authorization]},
        "requestContext": {"identity": {"sourceIp": "203.0.113.9"}},
    }


def answer_to(authorization: str, *answers: Any) -> dict[str, Any]:
    """The function's answer, with these of DynamoDB."""
    dynamodb = Scripted(*answers)
    function = build({"CLIENT_TOKENS_TABLE": "tokens"}, lambda *_, **__: dynamodb, lambda: NOW_S)
    return function.authorize(event(authorization))


def item(**more: Any) -> dict[str, Any]:
    """The item of the token above."""
    return {"Item": {"token_hash": {"S": token_hash(TOKEN)}, "client": {"S": "edge"}, **more}}


def effect(answer: dict[str, Any]) -> str:
    """The effect of its policy."""
    [statement] = answer["policyDocument"]["Statement"]
    return str(statement["Effect"])


def test_a_clients_token_lets_in_and_logs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The name goes into the request's context."""
    answer = answer_to(f"Token {TOKEN}", item())
    assert (effect(answer), answer["context"]) == ("Allow", {"client": "edge"})
    assert capsys.readouterr() == ("", "")


def test_a_refusal_is_logged_with_its_reason_and_without_the_token(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An operator sees whose token has expired and who tries others; no part of the header is written."""
    for authorization, *answers in (
        (f"Bearer {TOKEN}", item(expires_at={"N": "1799999999"})),
        (f"Bearer {OTHER}", {}),
        (f"Basic {TOKEN}",),
    ):
        assert effect(answer_to(authorization, *answers)) == "Deny"
    written = capsys.readouterr().out
    assert [json.loads(line) for line in written.splitlines()] == [
        {"refused": reason, "client": client, "source_ip": "203.0.113.9"}
        for reason, client in (("expired", "edge"), ("unknown", None), ("malformed", None))
    ]
    assert TOKEN not in written
    assert token_hash(TOKEN) not in written


def test_trouble_with_the_table_is_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    """It is raised, so that nothing is kept and the client sends again; the token is not in the message."""
    with pytest.raises(TransientError) as raised:
        answer_to(f"Bearer {TOKEN}", refusal("ThrottlingException", f"for {token_hash(TOKEN)}"))
    assert str(raised.value) == "Call: ThrottlingException"
    assert capsys.readouterr() == ("", "")
