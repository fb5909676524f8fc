"""The items of the export hours table, and the table in memory that tests of the domain stand on."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from handlers.adapters.dynamodb.export_hours.cleanup import TidyTable
from handlers.adapters.dynamodb.export_hours.items import ExportItems
from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.adapters.dynamodb.export_hours.marks import MarkTable
from handlers.domain.errors import ConfigurationError
from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.ledger import Claim
from handlers.domain.exports.marking import Mark
from handlers.domain.exports.tidying import Wish
from tests.support.export_ports import HOUR, HOURS, LAG, NOW, create_hours_table, published
from tests.support.memory_dynamodb import MemoryDynamoDB


def test_a_missing_table_is_the_operators_matter() -> None:
    """It will not pass by itself."""
    with mock_aws():
        with pytest.raises(ConfigurationError, match="ResourceNotFoundException"):
            ExportItems(boto3.client("dynamodb"), "nowhere").get("watermark")
        with pytest.raises(ConfigurationError):
            HourTable(boto3.client("dynamodb"), "nowhere").read([HOUR])


class _Adapters:
    """Everything that reads and writes one table of hours."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._ledger = HourTable(dynamodb, table)
        self._marks = MarkTable(dynamodb, table)
        self._tidy = TidyTable(dynamodb, table)

    def do(self, kind: str, hour: Hour, by: str, number: int, now: float) -> Any:
        """One operation: what it answered, in a form that can be compared."""
        claim = Claim(Attempt(hour, number, now), by)
        operations: dict[str, Callable[[], Any]] = {
            "enter": lambda: self._ledger.enter([hour, hour.plus(1)], now, again=False),
            "enter again": lambda: self._ledger.enter([hour], now, again=True),
            "advance": lambda: self._ledger.advance(hour),
            "watermark": self._ledger.watermark,
            "claim": lambda: self._ledger.claim(hour, by, now),
            "renew": lambda: self._ledger.renew(claim, now),
            "complete": lambda: self._ledger.complete(claim, published(claim, now), LAG),
            "give up": lambda: self._ledger.give_up(hour, by, "why", now),
            "expire": lambda: self._ledger.expire(hour, now),
            "mark": lambda: self._marks.mark({hour: Mark(now + 300, now + 300, now + 900)}, now + 60),
            "tidied": lambda: self._tidied(now, None),
            "tidied in part": lambda: self._tidied(now, now + 9),
        }
        return operations[kind]()

    def _tidied(self, now: float, again_at: float | None) -> Sequence[Wish]:
        wishes = self._tidy.due(now, 1)
        for wish in wishes:
            self._tidy.met(wish, again_at)
        return wishes

    def kept(self, now: float) -> Any:
        """Everything the table holds."""
        hours = [HOUR.plus(number) for number in range(4)]
        due, wishes = self._ledger.due(now, 9), self._tidy.due(now + 10**6, 9)
        return self._ledger.read(hours), self._ledger.watermark(), sorted(due), sorted(wishes)


KINDS = ["enter", "enter again", "advance", "watermark", "claim", "claim", "renew", "complete", "complete", "give up",
         "expire", "mark", "mark", "tidied", "tidied in part"]  # fmt: skip
STEPS = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 2).map(HOUR.plus),
        st.sampled_from("ab"),
        st.integers(1, 3),
        st.sampled_from([1, 60, 600, 1800, 90_000]),
    ),
    min_size=10,
    max_size=30,
)


@pytest.fixture(scope="module")
def table_in_moto() -> Iterator[Callable[[], _Adapters]]:
    """Makes tables, each of them empty, with one client."""
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        names = (f"hours-{number}" for number in count())
        yield lambda: _Adapters(dynamodb, create_hours_table(dynamodb, next(names)))


@settings(max_examples=10)
@given(steps=STEPS)
def test_the_table_in_memory_answers_as_dynamodb_does(
    table_in_moto: Callable[[], _Adapters], steps: list[tuple[str, Hour, str, int, int]]
) -> None:
    """Whatever is done in whichever order, by whomever: every answer and every entry is the same in both."""
    both = [table_in_moto(), _Adapters(MemoryDynamoDB(HOURS), HOURS)]
    now = NOW
    for kind, hour, by, number, later in steps:
        now += later
        in_moto, in_memory = (adapters.do(kind, hour, by, number, now) for adapters in both)
        assert in_moto == in_memory
    in_moto, in_memory = (adapters.kept(now) for adapters in both)
    assert in_moto == in_memory
