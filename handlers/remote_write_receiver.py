"""Prometheus's remote write, which no REST API lets through: a request becomes a record, as it came."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Protocol

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.client_tokens import ClientTokens
from handlers.adapters.kinesis import RecordStream
from handlers.domain.clients.authorizing import KnownTokens, judge
from handlers.domain.clients.recent_tokens import RecentTokens
from handlers.domain.errors import TransientError
from handlers.domain.ingest.envelope import NO_CLIENT
from handlers.domain.ingest.remote_write import (
    FORBIDDEN,
    TAKEN,
    UNAVAILABLE,
    Answer,
    partition_key,
    refusal_of_body,
    refusal_of_form,
    unauthorized,
)
from handlers.environment import read_environment
from handlers.logs import write_lines
from handlers.start import lambda_handler


@dataclass(frozen=True)
class RemoteWriteReceiverEnvironment:
    """The variables that the template gives the function; the table of tokens is `-` where anybody may write."""

    stream_name: str
    max_record_kib: int
    realm: str
    client_tokens_table: str
    allow_from: frozenset[str]


class Records(Protocol):
    """The stream, to which records are put."""

    def put(self, partition_key: str, data: bytes) -> None:
        """Put a record; TransientError if it is not taken now."""


@dataclass(frozen=True)
class RemoteWriteReceiver:
    """The function, with all that it works with; `clock` tells seconds since 1970."""

    environment: RemoteWriteReceiverEnvironment
    stream: Records
    tokens: KnownTokens | None
    clock: Callable[[], float]

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request in the payload format 2.0; a refusal is logged with who was refused.

        Any other failure is raised: Lambda answers 502 then, and the client sends again.
        """
        request_id = event["requestContext"]["requestId"]
        asker, source_ip = NO_CLIENT, event["requestContext"]["http"]["sourceIp"]
        try:
            verdict = self._client(event, source_ip)
            if isinstance(verdict, str):
                asker = verdict
            answer = verdict if isinstance(verdict, Answer) else self._put(event, asker, request_id)
        except TransientError as error:
            answer, why = UNAVAILABLE, str(error)
        else:
            why = answer.message
        if answer is not TAKEN:
            entry = {"status": answer.status, "why": why, "client": asker, "source_ip": source_ip}
            write_lines([json.dumps({"request_id": request_id, **entry})])
        return answer.output(request_id)

    def _client(self, event: Mapping[str, Any], source_ip: str) -> str | Answer:
        """The name of the client that a request is of, or its refusal."""
        allowed = self.environment.allow_from
        if allowed and not any(ip_address(source_ip) in ip_network(one) for one in allowed):
            return FORBIDDEN
        if self.tokens is None:
            return NO_CLIENT
        verdict = judge(event["headers"].get("authorization", ""), self.tokens, self.clock())
        if verdict.refusal is not None or verdict.client is None:
            return unauthorized(self.environment.realm)
        return verdict.client

    def _put(self, event: Mapping[str, Any], asker: str, request_id: str) -> Answer:
        method = event["requestContext"]["http"]["method"]
        key = partition_key(asker, request_id)
        refusal = refusal_of_form(method, event["headers"])
        if refusal is None:
            body = _body(event)
            # https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html counts the key, too.
            refusal = refusal_of_body(body, at_most=self.environment.max_record_kib * 1024 - len(key))
        if refusal is not None:
            return refusal
        self.stream.put(key, body)
        return TAKEN


def build(
    variables: Mapping[str, str], connect: Callable[..., Any] = client, clock: Callable[[], float] = time.time
) -> RemoteWriteReceiver:
    """The function in this environment, with clients that `connect` makes; `clock` tells seconds since 1970."""
    environment = read_environment(RemoteWriteReceiverEnvironment, variables)
    tokens = None
    if environment.client_tokens_table != NO_CLIENT:
        dynamodb = connect("dynamodb", read_timeout=1, attempts=2)
        tokens = RecentTokens(ClientTokens(dynamodb, environment.client_tokens_table), clock)
    # One attempt: a record that was taken without an answer would stand there twice, and the client tries again.
    kinesis = connect("kinesis", read_timeout=3, attempts=1)
    return RemoteWriteReceiver(environment, RecordStream(kinesis, environment.stream_name), tokens, clock)


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body", "")
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


handler = lambda_handler(build, lambda receiver, event, _: receiver.answer(event))
