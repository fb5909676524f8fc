"""The clients' tokens of a deployment, as its operators keep them: by their hashes, in a table of each region."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.adapters.dynamodb.table import Table, Value, number, text, written
from handlers.domain.clients.token import token_hash
from handlers.vocabulary import CLIENT_TOKENS_KEY, EXPIRES_AT
from ops.aws_clock import time_of
from ops.errors import OperatorError, refusals
from ops.stack import Target

_RANDOM_BYTES = 32
_HASH = CLIENT_TOKENS_KEY[0]
_OUTPUT = "ClientTokensTableName"


def new_token() -> str:
    """A token that nobody can guess: 256 random bits in letters that need no quoting anywhere."""
    return f"tg_{secrets.token_urlsafe(_RANDOM_BYTES)}"


@dataclass(frozen=True, slots=True)
class ClientToken:
    """A token as it is kept; times are seconds since 1970, and without an end it is valid until it is revoked."""

    hashed: str
    client: str
    created_at_s: int
    expires_at_s: int | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a region at a time (s since 1970), also those that are over and that DynamoDB has not deleted."""

    every: tuple[ClientToken, ...]
    now_s: int

    @property
    def valid(self) -> list[ClientToken]:
        """Those with which requests are taken."""
        return [one for one in self.every if one.expires_at_s is None or one.expires_at_s > self.now_s]

    def of(self, client: str) -> list[ClientToken]:
        """The valid ones of a client."""
        return [one for one in self.valid if one.client == client]


class TokenTable:
    """The tokens of one region; every method raises OperatorError where AWS refuses."""

    def __init__(self, dynamodb: Any, table: str, region: str) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._region = region

    @classmethod
    def of(cls, target: Target) -> "TokenTable":
        """The table of a deployment; NoStackError if there is none, OperatorError if it has no such table."""
        outputs = target.outputs()
        if _OUTPUT not in outputs:
            raise OperatorError(
                f'stack {target.stack_name} in {target.region} has no tokens; deploy it with api.auth = "token" first'
            )
        return cls(target.client("dynamodb"), outputs[_OUTPUT], target.region)

    def read(self) -> Tokens:
        """The tokens that are in the table, and the time."""
        with refusals(f"{self._region}: cannot read the clients' tokens"):
            pages = list(
                self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
            )
        found = (_token(item) for page in pages for item in page["Items"])
        every = sorted(found, key=lambda one: (one.client, one.created_at_s, one.hashed))
        return Tokens(tuple(every), time_of(pages[-1], self._dynamodb.meta.endpoint_url))

    def put(self, token: ClientToken) -> None:
        """Add a token, or write it again."""
        attributes: dict[str, Value] = {
            _HASH: token.hashed,
            "client": token.client,
            "created_at": token.created_at_s,
        }
        if token.expires_at_s is not None:
            attributes[EXPIRES_AT] = token.expires_at_s
        item = {name: written(value) for name, value in attributes.items()}
        with refusals(f"{self._region}: cannot write a client's token"):
            self._dynamodb.put_item(TableName=self._table, Item=item)

    def end(self, token: ClientToken, at_s: int) -> None:
        """Set the end of a token (s since 1970), unless it was revoked meanwhile."""
        table = Table(self._dynamodb, self._table, CLIENT_TOKENS_KEY)
        with refusals(f"{self._region}: cannot end a client's token"):
            table.update(
                token.hashed,
                f"SET #{EXPIRES_AT} = :at",
                {"at": at_s},
                condition=f"attribute_exists(#{_HASH})",
            )

    def delete(self, tokens: Iterable[ClientToken]) -> None:
        """Delete tokens; what is not there any more is deleted."""
        with refusals(f"{self._region}: cannot delete a client's token"):
            for token in tokens:
                self._dynamodb.delete_item(TableName=self._table, Key={_HASH: written(token.hashed)})


def forget_verdicts(target: Target) -> None:
    """Have the API of a deployment ask anew whose a token is, instead of relying on what it heard minutes ago.

    OperatorError if AWS refuses.
    """
    # arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/POST/*
    api_id, stage, *_ = target.output("IngestArn").rpartition(":")[2].split("/")
    with refusals(f"{target.region}: cannot empty the cache of the API's authorizer"):
        target.client("apigateway").flush_stage_authorizers_cache(restApiId=api_id, stageName=stage)


def token_of_client(client: str, token: str, created_at_s: float) -> ClientToken:
    """A token as it is kept, from a time on (s since 1970)."""
    return ClientToken(token_hash(token), client, int(created_at_s))


def _token(item: Mapping[str, Any]) -> ClientToken:
    ends_at_s = number(item, EXPIRES_AT)
    return ClientToken(
        text(item, _HASH),
        text(item, "client"),
        int(number(item, "created_at") or 0),
        None if ends_at_s is None else int(ends_at_s),
    )
