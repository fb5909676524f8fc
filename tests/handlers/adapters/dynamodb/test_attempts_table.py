"""Attempts at records that are tried alone, in DynamoDB."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.attempts_table import AttemptsTable
from handlers.domain.errors import TransientError
from handlers.domain.ingest.envelope import StreamRecord
from tests.support.function_resources import REGISTRY


def attempts() -> AttemptsTable:
    """The table as a new process has it."""
    return AttemptsTable(client("dynamodb", read_timeout=2, attempts=1), REGISTRY)


def record(sequence: int = 1, request_id: str = "r") -> StreamRecord:
    """A record of a shard."""
    return StreamRecord("json", "-", request_id, 0, sequence, "shardId-000000000000", b"")


def begin(*times_s: int, of: StreamRecord | None = None) -> list[int]:
    """The answers to attempts that begin at these times, and are over half a minute later."""
    one = of or record()
    return [attempts().begin(one, now_s=now_s, until_s=now_s + 30) for now_s in times_s]


def test_attempts_that_did_not_end_are_counted_by_every_process(aws: None) -> None:
    """One that may still be under way is not."""
    assert begin(100, 130, 140, 160, 200) == [0, 1, 1, 2, 3]


def test_an_end_is_the_end_of_counting(aws: None) -> None:
    """Whatever came before it."""
    assert begin(100, 200) == [0, 1]
    attempts().end(record())
    assert begin(300, 400) == [0, 1]


def test_an_end_that_cannot_be_noted_is_no_death(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that lives knows it: trouble of the table sets nothing aside."""
    dynamodb = client("dynamodb", read_timeout=2, attempts=1)
    table = AttemptsTable(dynamodb, REGISTRY)

    def refuse(**_: object) -> None:
        raise ConnectTimeoutError(endpoint_url="http://table")

    for now_s in (100, 200, 300, 400):
        assert table.begin(record(), now_s=now_s, until_s=now_s + 30.12345) == 0
        with monkeypatch.context() as patch:
            patch.setattr(dynamodb, "update_item", refuse)
            with pytest.raises(TransientError):
                table.end(record())
    assert table.begin(record(), now_s=500, until_s=530) == 0
    assert begin(600) == [1]


def test_records_are_counted_apart_in_few_items_for_ever(aws: None) -> None:
    """Those that may be tried beside each other, of whatever client, keep what was counted of each other."""
    assert begin(100, of=record(1, "a")) == begin(100, of=record(2, "b")) == [0]
    assert begin(200, of=record(1, "a")) == begin(200, of=record(2, "b")) == [1]
    for number in range(200):
        attempts().begin(record(number, f"r{number}"), now_s=1, until_s=2)
    found: Any = boto3.client("dynamodb").scan(TableName=REGISTRY)
    assert len(found["Items"]) <= 64


def test_a_table_that_cannot_be_asked_is_trouble_that_may_pass(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As any other trouble of DynamoDB's."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(TransientError):
        begin(100)
