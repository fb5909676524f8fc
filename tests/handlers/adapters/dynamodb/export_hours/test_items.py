"""The items of the export hours table, and the table in memory that tests of the domain stand on."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from handlers.adapters.dynamodb.export_hours.cleanup import CleanupTask, ExportHoursCleanup
from handlers.adapters.dynamodb.export_hours.items import ExportHoursTable
from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.dynamodb.export_hours.marks import ExportHoursMarks
from handlers.domain.errors import ConfigurationError
from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import Claim
from handlers.domain.exports.marking import Mark
from handlers.domain.exports.ports import LostClaim
from tests.support.export_ports import HOUR, HOURS, LAG_S, NOW_S, create_hours_table, published
from tests.support.memory_dynamodb import MemoryDynamoDB


def test_a_missing_table_is_the_operators_matter() -> None:
    """It will not pass by itself."""
    with mock_aws():
        with pytest.raises(ConfigurationError, match="ResourceNotFoundException"):
            ExportHoursTable(boto3.client("dynamodb"), "nowhere").get("watermark")
        with pytest.raises(ConfigurationError):
            ExportHoursLedger(boto3.client("dynamodb"), "nowhere").read([HOUR])


def _kept(change: Callable[[], None]) -> bool:
    """True if the claim was not lost."""
    try:
        change()
    except LostClaim:
        return False
    return True


class _Adapters:
    """Everything that reads and writes one table of hours."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._ledger = ExportHoursLedger(dynamodb, table)
        self._marks = ExportHoursMarks(dynamodb, table)
        self._cleanup = ExportHoursCleanup(dynamodb, table)

    def do(self, kind: str, hour: Hour, by: str, number: int, now_s: float) -> Any:
        """One operation: what it answered, in a form that can be compared."""
        claim = Claim(Attempt(hour, number, now_s), by)
        mark = Mark(now_s + 300, now_s + 300, now_s + 900)
        operations: dict[str, Callable[[], Any]] = {
            "enter": lambda: self._ledger.enter([hour, hour.plus(1)], now_s, again=False),
            "enter again": lambda: self._ledger.enter([hour], now_s, again=True),
            "advance": lambda: self._ledger.advance(hour),
            "watermark": self._ledger.watermark,
            "claim": lambda: self._ledger.claim(hour, by, now_s),
            "renew": lambda: _kept(lambda: self._ledger.renew(claim, now_s)),
            "complete": lambda: _kept(lambda: self._ledger.complete(claim, published(claim, now_s), LAG_S)),
            "give up": lambda: self._ledger.give_up(hour, by, "why", now_s),
            "expire": lambda: self._ledger.expire(hour, now_s),
            "mark": lambda: self._marks.mark_late({hour: mark}, already_after_s=now_s + 60),
            "clean up": lambda: self._clean_up(now_s, None),
            "clean up in part": lambda: self._clean_up(now_s, now_s + 9),
        }
        return operations[kind]()

    def _clean_up(self, now_s: float, again_at_s: float | None) -> Sequence[CleanupTask]:
        tasks = self._cleanup.due(now_s, 1)
        for task in tasks:
            self._cleanup.done(task, again_at_s)
        return tasks

    def kept(self, now_s: float) -> Any:
        """Everything the table holds."""
        hours = [HOUR.plus(number) for number in range(4)]
        due, tasks = self._ledger.due(now_s, 9), self._cleanup.due(now_s + 10**6, 9)
        return self._ledger.read(hours), self._ledger.watermark(), sorted(due), sorted(tasks)


KINDS = ["enter", "enter again", "advance", "watermark", "claim", "claim", "renew", "complete", "complete", "give up",
         "expire", "mark", "mark", "clean up", "clean up in part"]  # fmt: skip
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
    now_s = NOW_S
    for kind, hour, by, number, later in steps:
        now_s += later
        in_moto, in_memory = (adapters.do(kind, hour, by, number, now_s) for adapters in both)
        assert in_moto == in_memory
    in_moto, in_memory = (adapters.kept(now_s) for adapters in both)
    assert in_moto == in_memory
