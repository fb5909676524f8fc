"""The verdict about a request, and the policy that tells it."""

from typing import Any

import pytest

from handlers.domain.clients.authorizing import (
    KnownToken,
    Refusal,
    Verdict,
    authorization_of,
    judge,
    policy,
)
from handlers.domain.clients.token import token_hash

TOKEN = "tg_" + "a" * 43
OTHER = "tg_" + "b" * 43
NOW_S = 1_800_000_000.0
ARN = "arn:aws-us-gov:execute-api:us-gov-west-1:123456789012:a1b2c3d4e5/prod/POST/v1/metrics"


class Known:
    """Tokens by their hashes, which count how often they are asked for."""

    def __init__(self, **known: KnownToken) -> None:
        self.known, self.asked = known, 0

    def find(self, hashed: str) -> KnownToken | None:
        """The token of a hash."""
        self.asked += 1
        return self.known.get(hashed)


def known(client: str = "edge", expires_at_s: float | None = None) -> Known:
    """The token above, of a client."""
    return Known(**{token_hash(TOKEN): KnownToken(client, expires_at_s)})


@pytest.mark.parametrize("expires_at_s", [None, NOW_S + 1, NOW_S + 0.001])
def test_a_token_is_its_clients_while_it_is_valid(expires_at_s: float | None) -> None:
    """For ever, or until its time."""
    assert judge(f"Bearer {TOKEN}", known(expires_at_s=expires_at_s), NOW_S) == Verdict("edge")


@pytest.mark.parametrize("expires_at_s", [NOW_S, NOW_S - 1, 0.0])
def test_a_token_whose_time_is_over_is_refused_though_it_is_there(expires_at_s: float) -> None:
    """DynamoDB deletes it days later."""
    assert judge(f"Bearer {TOKEN}", known(expires_at_s=expires_at_s), NOW_S) == Verdict(
        "edge", Refusal.EXPIRED
    )


def test_an_unknown_token_is_refused() -> None:
    """It is asked for, as it might be one."""
    tokens = known()
    assert judge(f"Bearer {OTHER}", tokens, NOW_S) == Verdict(None, Refusal.UNKNOWN)
    assert tokens.asked == 1


def test_what_can_be_no_token_is_refused_without_asking() -> None:
    """Nobody pays for a look into the table."""
    tokens = known()
    assert judge("Bearer guess", tokens, NOW_S) == Verdict(None, Refusal.MALFORMED)
    assert tokens.asked == 0


@pytest.mark.parametrize("client", ["", "-", "a/b", "a\nb", 'a"b'])
def test_an_item_with_a_name_that_is_none_is_no_client(client: str) -> None:
    """Somebody wrote it past the command; it would part the partition key."""
    assert judge(f"Bearer {TOKEN}", known(client), NOW_S) == Verdict(None, Refusal.UNKNOWN)


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_the_header_is_found_in_any_case(name: str) -> None:
    """HTTP/2 has it in lower case, and API Gateway as it came."""
    assert authorization_of({"multiValueHeaders": {"Host": ["x"], name: ["Bearer x"]}}) == "Bearer x"


@pytest.mark.parametrize(
    "headers",
    [
        None,
        {},
        {"Authorization": []},
        {"Authorization": ["Bearer x", "Bearer y"]},
        {"Authorization": ["Bearer x"], "authorization": ["Bearer y"]},
    ],
)
def test_no_header_and_several_are_none(headers: Any) -> None:
    """A verdict about one of two values may be kept under the other."""
    assert authorization_of({"multiValueHeaders": headers}) == ""


def test_the_policy_of_a_client_allows_every_path_of_the_stage() -> None:
    """The verdict is kept by the token alone, so the next path finds it, too."""
    assert policy(Verdict("edge"), ARN) == {
        "principalId": "edge",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": "arn:aws-us-gov:execute-api:us-gov-west-1:123456789012:a1b2c3d4e5/prod/POST/*",
                }
            ],
        },
        "context": {"client": "edge"},
    }


@pytest.mark.parametrize("refused", [Verdict(None, Refusal.UNKNOWN), Verdict("edge", Refusal.EXPIRED)])
def test_the_policy_of_a_refusal_denies_and_names_no_client(refused: Verdict) -> None:
    """It says so explicitly: with a resource policy that allows, silence would let the request in."""
    answer = policy(refused, ARN)
    [statement] = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], answer["context"]) == ("Deny", {})
    assert statement["Resource"].endswith(":a1b2c3d4e5/prod/POST/*")
