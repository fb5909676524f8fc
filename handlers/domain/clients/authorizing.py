"""The answer of the API's authorizer: which paths a request may be posted to, and whose it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from handlers.domain.clients.token import CLIENT_NAME, token_hash, token_of


class Refusal(StrEnum):
    """The reason of a refusal, for the log: the client is told none."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


@dataclass(frozen=True)
class KnownToken:
    """A token of which the hash is known: the client's name, and when it stops to be valid (s since 1970), if ever."""

    client: str
    expires_at_s: float | None = None


class KnownTokens(Protocol):
    """The tokens that there are."""

    def find(self, hashed: str) -> KnownToken | None:
        """The token of a hash; TransientError if that cannot be told now."""


@dataclass(frozen=True)
class Verdict:
    """The client that a request is of, or the reason why it is nobody's; of an expired token both are known."""

    client: str | None
    refusal: Refusal | None = None


def judge(authorization: str, tokens: KnownTokens, now_s: float) -> Verdict:
    """The verdict about a request by its Authorization header; `now_s` are seconds since 1970.

    A token may lie in the table for days after its time, until DynamoDB deletes it, so its time is looked at.
    """
    token = token_of(authorization)
    if token is None:
        return Verdict(None, Refusal.MALFORMED)
    known = tokens.find(token_hash(token))
    if known is None or not CLIENT_NAME.fullmatch(known.client):
        return Verdict(None, Refusal.UNKNOWN)
    if known.expires_at_s is not None and known.expires_at_s <= now_s:
        return Verdict(known.client, Refusal.EXPIRED)
    return Verdict(known.client)


def authorization_of(event: Mapping[str, Any]) -> str:
    """The Authorization header of an authorizer's event, whose names are as the client wrote them.

    Empty if there are several: which of them the verdict would be kept under is API Gateway's secret.
    """
    headers: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    values = [value for name, given in headers.items() if name.lower() == "authorization" for value in given]
    return values[0] if len(values) == 1 else ""


def policy(verdict: Verdict, method_arn: str) -> dict[str, Any]:
    """The authorizer's output: allows or denies every POST of the stage, as it is kept by the token alone.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
    """
    api, stage, *_ = method_arn.split("/")
    allowed = verdict.refusal is None and verdict.client is not None
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if allowed else "Deny",
        "Resource": f"{api}/{stage}/POST/*",
    }
    return {
        "principalId": verdict.client or "-",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"client": verdict.client} if allowed else {},
    }
