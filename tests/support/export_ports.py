"""What exports stand on in tests: the ledger's table in moto, and a store that answers queries as it is told."""

from collections.abc import Iterator, Sequence
from typing import Any

import boto3

from handlers.domain.exports.unloading import Answer
from handlers.vocabulary import DUE_INDEX

HOURS = "export-hours"


def create_hours_table(name: str = HOURS) -> Any:
    """An empty ledger; its DynamoDB client. That the template's table is the same, a test of the template shows."""
    dynamodb = boto3.client("dynamodb")
    keys = {"id": "S", "work": "S", "due_at": "N"}
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in keys.items()],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": DUE_INDEX,
                "KeySchema": [
                    {"AttributeName": "work", "KeyType": "HASH"},
                    {"AttributeName": "due_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    return dynamodb


class ScriptedQueries:
    """Answers in the order given; remembers what it was asked."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self._answers: Iterator[Answer | Exception] = iter(answers)
        self.asked: list[tuple[str, str | None, str | None]] = []

    def ask(
        self, statement: str, *, client_token: str | None = None, next_token: str | None = None
    ) -> Answer:
        """The next answer; an exception among them is raised."""
        self.asked.append((statement, client_token, next_token))
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def rows(*found: Sequence[str], next_token: str | None = None) -> Answer:
    """A page of an answer."""
    return Answer(list(found), next_token)
