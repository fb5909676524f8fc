"""What exports stand on in tests: the ledger's table, and a store that answers queries as it is told."""

from collections.abc import Iterator, Sequence
from typing import Any

from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.ledger import Claim
from handlers.domain.exports.record import Published
from handlers.domain.exports.unloading import Answer
from handlers.vocabulary import DUE_INDEX

HOURS = "export-hours"
HOUR = Hour.parse("2026-11-22T02")
NOW = float(HOUR.end + 900)
LAG = 900.0


def claimed(ledger: HourTable, by: str = "a", now: float = NOW) -> Claim:
    """A claim on the hour."""
    claim = ledger.claim(HOUR, by, now)
    assert isinstance(claim, Claim)
    return claim


def published(claim: Claim, at: float = NOW + 30, rows: int = 3) -> Published:
    """What the claim's export came to."""
    return Published(claim.attempt.run, claim.attempt.started_at, at, rows, 100)


def create_hours_table(dynamodb: Any, name: str = HOURS) -> str:
    """An empty ledger; its name. That the template's table is the same, a test of the template shows."""
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
    return name


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
