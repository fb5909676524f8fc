"""The clients that post with tokens: the table of the tokens, by their hashes, and the function that knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from awacs import awslambda, dynamodb
from awacs.aws import Statement
from troposphere import Ref, Template
from troposphere.awslambda import Function
from troposphere.dynamodb import Table

from handlers.vocabulary import CLIENT_TOKENS_KEY
from templates.components.platform import Platform
from templates.components.platform.key import Key
from templates.constructs.alarms import errors_alarm
from templates.constructs.function import add_function
from templates.constructs.outputs import add_outputs
from templates.constructs.policy import allow
from templates.constructs.table import add_table

_REFUSED = (
    "Clients get 503 unless their tokens were asked for within five minutes; those that retry lose nothing."
)


@dataclass(frozen=True)
class Tokens:
    """The table of the tokens, and what those have who look for one in it."""

    table: Table
    key: Key

    @property
    def environment(self) -> Mapping[str, Any]:
        """The variable that names the table."""
        return {"CLIENT_TOKENS_TABLE": Ref(self.table)}

    def find(self) -> list[Statement]:
        """The grant to find a token by its hash, and to list none."""
        arn = self.table.get_att("Arn")
        return [allow([dynamodb.GetItem], [arn], Sid="FindToken"), self.key.decrypt("dynamodb")]


@dataclass(frozen=True)
class Clients:
    """The function that tells whose token a request has, and the tokens."""

    function: Function
    tokens: Tokens

    def invoke(self) -> list[Statement]:
        """The grant to ask whose a token is."""
        return [allow([awslambda.InvokeFunction], [self.function.get_att("Arn")], Sid="AskWhoseToken")]


def add_clients(template: Template, platform: Platform) -> Clients:
    """A table that outlives the stack, as every client would need another token, and the API's authorizer."""
    table = add_table(
        template, "ClientTokensTable", key=CLIENT_TOKENS_KEY, key_arn=platform.key.arn, expires=True
    )
    tokens = Tokens(table, platform.key)
    function = add_function(
        template,
        "ClientAuthorizer",
        handler="handlers.client_authorizer.handler",
        description="Tells the ingest API whose token a request has",
        # More memory is more processor, and a client waits while a process starts; then each takes milliseconds.
        memory_mb=1024,
        timeout_seconds=15,
        environment=tokens.environment,
        statements=tokens.find(),
        runtime=platform.runtime,
    )
    failing = errors_alarm("the authorizer", _REFUSED)
    platform.runtime.watch(template, "ClientAuthorizer", [failing], "AWS/Lambda", FunctionName=Ref(function))
    add_outputs(
        template, ("ClientTokensTableName", Ref(table), "The clients' tokens, which `ops clients` keeps")
    )
    return Clients(function, tokens)
