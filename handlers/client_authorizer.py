"""The ingest API's Lambda authorizer: says whose token a request has, which API Gateway keeps for a while."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.client_tokens import ClientTokens
from handlers.domain.clients.authorizing import KnownTokens, Verdict, authorization_of, judge, policy
from handlers.environment import read_environment
from handlers.logs import write_lines
from handlers.start import lambda_handler


@dataclass(frozen=True)
class ClientAuthorizerEnvironment:
    """The variables that the template gives the function."""

    client_tokens_table: str


@dataclass(frozen=True)
class ClientAuthorizer:
    """The function, with all that it works with; `clock` tells seconds since 1970."""

    tokens: KnownTokens
    clock: Callable[[], float]

    def authorize(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The policy for the stage.

        A failure of the table is raised: API Gateway keeps no verdict then, and the client is told to send again.
        """
        verdict = judge(authorization_of(event), self.tokens, self.clock())
        if verdict.refusal is not None:
            write_lines([json.dumps(_refused(verdict, event))])
        return policy(verdict, event["methodArn"])


def build(
    variables: Mapping[str, str], connect: Callable[..., Any] = client, clock: Callable[[], float] = time.time
) -> ClientAuthorizer:
    """The function in this environment, with a client that `connect` makes; `clock` tells seconds since 1970."""
    environment = read_environment(ClientAuthorizerEnvironment, variables)
    # A client waits for it: three short attempts, and then it is told to send again.
    dynamodb = connect("dynamodb", read_timeout=1, attempts=3)
    return ClientAuthorizer(ClientTokens(dynamodb, environment.client_tokens_table), clock)


def _refused(verdict: Verdict, event: Mapping[str, Any]) -> dict[str, Any]:
    """The log entry of a refusal: why, whose token it was, and where it came from; nothing of the header."""
    identity = event.get("requestContext", {}).get("identity", {})
    return {
        "refused": verdict.refusal,
        "client": verdict.client,
        "source_ip": identity.get("sourceIp"),
    }


handler = lambda_handler(build, lambda authorizer, event, _: authorizer.authorize(event))
