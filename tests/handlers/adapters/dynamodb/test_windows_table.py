"""Evidence in its table, and who evaluates a tick."""

import hashlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.dynamodb.windows_table import KEPT_SECONDS, WindowsTable
from handlers.domain.alerts.notifications.outbox import CLAIM_SECONDS
from handlers.domain.alerts.periods import MAX_PERIOD, Timing
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.windows.aggregation import GroupedSets
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.window_items import BatchRange, read_item, without_duplicates
from handlers.domain.errors import ConfigurationError, TransientError
from tests.support.alert_tables import WINDOWS, create_alert_tables

TICK = 1_763_769_600
TIMING = Timing()
SOURCE = BatchRange("shardId-000000000003", 10, 20)
EVIDENCE = {("selection", TICK): GroupedSets({("a",): StatisticSet.of([1.0, 2.0])})}


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """Empty tables."""
    with mock_aws():
        create_alert_tables()
        yield boto3.client("dynamodb")


def a_table(dynamodb: Any, now: float = TICK + 5) -> WindowsTable:
    """The table at a time."""
    return WindowsTable(dynamodb, WINDOWS, TIMING, lambda: now)


def test_evidence_is_read_in_the_tick_it_was_written_in(dynamodb: Any) -> None:
    """A batch is one item of its tick, which says what was found, and goes by itself some hours later."""
    table = a_table(dynamodb)
    assert table.write(EVIDENCE, SOURCE) > 0
    [item] = table.read([TICK - 60, TICK, TICK + 60])
    assert dict(read_item(item).sets(EVIDENCE)) == EVIDENCE
    assert read_item(item).range == SOURCE
    [raw] = dynamodb.scan(TableName=WINDOWS)["Items"]
    assert int(raw["expires_at"]["N"]) == TICK + 5 + KEPT_SECONDS
    assert 3 * MAX_PERIOD + TIMING.late_limit < KEPT_SECONDS


def test_a_batch_written_again_in_its_tick_is_one_item(dynamodb: Any) -> None:
    """A retry within the tick takes the place of the first attempt."""
    for now in (TICK + 5, TICK + 6):
        a_table(dynamodb, now).write(EVIDENCE, SOURCE)
    assert len(a_table(dynamodb).read([TICK])) == 1


def test_large_evidence_is_written_whole_in_several_items(dynamodb: Any) -> None:
    """Parts of a batch are one transaction, and read back as one write."""
    names = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(8_000)]
    sets: dict[Group, StatisticSet] = {
        (name,): StatisticSet.of([number / 7, 1 / 3]) for number, name in enumerate(names)
    }
    table = a_table(dynamodb)
    table.write({("selection", TICK): GroupedSets(sets)}, SOURCE)
    items = table.read([TICK])
    assert len(items) > 1
    assert len(without_duplicates(map(read_item, items))) == len(items)


class Refusing:
    """A client whose writes fail as often as told."""

    def __init__(self, dynamodb: Any, failures: int, code: str) -> None:
        self._dynamodb, self.left, self._code, self.calls = dynamodb, failures, code, 0

    def put_item(self, **arguments: Any) -> Any:
        """Fail, or write."""
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self._dynamodb.exceptions.ClientError({"Error": {"Code": self._code}}, "PutItem")
        return self._dynamodb.put_item(**arguments)


def test_a_passing_failure_is_tried_again_with_the_time_it_is_then(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item says when it was really written, because readers rely on seeing it soon after."""
    monkeypatch.setattr("handlers.adapters.dynamodb.windows_table.time.sleep", lambda _: None)
    times = iter([TICK + 59.5, TICK + 60.5])
    refusing = Refusing(dynamodb, 1, "ThrottlingException")
    WindowsTable(refusing, WINDOWS, TIMING, lambda: next(times)).write(EVIDENCE, SOURCE)
    [item] = a_table(dynamodb).read([TICK, TICK + 60])
    assert (item.tick, item.written_at_ms) == (TICK + 60, (TICK + 60) * 1000 + 500)


def test_failures_that_last_are_told(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three attempts the batch must come again; what no attempt can mend is tried once."""
    monkeypatch.setattr("handlers.adapters.dynamodb.windows_table.time.sleep", lambda _: None)
    throttled, denied = (
        Refusing(dynamodb, 9, "ThrottlingException"),
        Refusing(dynamodb, 9, "AccessDeniedException"),
    )
    with pytest.raises(TransientError):
        a_table(throttled).write(EVIDENCE, SOURCE)
    with pytest.raises(ConfigurationError):
        a_table(denied).write(EVIDENCE, SOURCE)
    assert (throttled.calls, denied.calls) == (3, 1)


def test_a_tick_is_claimed_once_until_its_claimer_must_be_dead(dynamodb: Any) -> None:
    """The first claims; others may when an execution cannot live any more, and nobody once it is finished."""
    table, now = a_table(dynamodb), TICK + 70
    assert table.unfinished([TICK, TICK + 60], now) == [TICK, TICK + 60]
    assert table.claim(TICK, now)
    assert not table.claim(TICK, now + CLAIM_SECONDS)
    assert table.unfinished([TICK], now + CLAIM_SECONDS) == []
    assert table.unfinished([TICK], now + CLAIM_SECONDS + 1) == [TICK]
    assert table.claim(TICK, now + CLAIM_SECONDS + 1)
    table.finish([TICK], now + CLAIM_SECONDS + 9)
    assert not table.claim(TICK, now + 10 * CLAIM_SECONDS)
    assert table.unfinished([TICK], now + 10 * CLAIM_SECONDS) == []


def test_a_claim_that_came_to_nothing_is_given_back(dynamodb: Any) -> None:
    """Whoever could not start an evaluation lets the next one do it."""
    table = a_table(dynamodb)
    assert table.claim(TICK, TICK)
    table.give_back(TICK)
    assert table.claim(TICK, TICK)


def test_claims_are_no_evidence(dynamodb: Any) -> None:
    """Reading a tick leaves out who evaluates it."""
    table = a_table(dynamodb)
    table.claim(TICK, TICK)
    assert table.read([TICK]) == []


def test_many_ticks_are_looked_up_together(dynamodb: Any) -> None:
    """More ticks than one request takes are asked for in several."""
    ticks = list(range(TICK, TICK + 250 * 10, 10))
    table = a_table(dynamodb)
    table.finish(ticks[::2], TICK)
    assert table.unfinished(ticks, TICK) == ticks[1::2]
