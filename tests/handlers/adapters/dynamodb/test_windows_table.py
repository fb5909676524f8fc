"""Window aggregates in their table, and who evaluates an interval."""

import hashlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.dynamodb.windows_table import KEPT_SECONDS, WindowsTable
from handlers.domain.alerts.periods import MADE_UP_S, MAX_PERIOD_S, REMEMBERED_S, Timing
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.windows.aggregation import Window, WindowAggregate, WindowAggregates
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.domain.alerts.windows.known_groups import KnownGroups
from handlers.domain.alerts.windows.progress import KeyRange, Progress, Reached
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.window_items import without_duplicates
from handlers.domain.errors import ConfigurationError, TransientError
from tests.support.alert_tables import WINDOWS, create_alert_tables

START = 1_763_769_600
TIMING = Timing()
SOURCE = BatchRange("shardId-000000000003", 10, 20)
WINDOWS_FOUND: WindowAggregates = {
    Window("selection", START): WindowAggregate({("a",): StatisticSet.of([1.0, 2.0])})
}


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """Empty tables."""
    with mock_aws():
        create_alert_tables()
        yield boto3.client("dynamodb")


def a_table(dynamodb: Any, now_s: float = START + 5) -> WindowsTable:
    """The table at a time."""
    return WindowsTable(dynamodb, WINDOWS, TIMING, lambda: now_s)


def test_windows_are_read_in_the_interval_they_were_written_in(dynamodb: Any) -> None:
    """A batch is one item of its interval, which says what was found, and goes by itself some hours later."""
    table = a_table(dynamodb)
    assert table.write(WINDOWS_FOUND, SOURCE) > 0
    [item] = table.read([START - 60, START, START + 60])
    [(window, packed)] = item.packed({"selection"})
    assert (window, packed["g"], packed["n"]) == (Window("selection", START), [["a"]], [2])
    assert item.batch == SOURCE
    [raw] = dynamodb.scan(TableName=WINDOWS)["Items"]
    assert int(raw["expires_at"]["N"]) == START + 5 + KEPT_SECONDS
    assert 2 * MAX_PERIOD_S + MADE_UP_S < KEPT_SECONDS
    assert REMEMBERED_S + MADE_UP_S < KEPT_SECONDS


def test_a_batch_is_cut_where_its_shard_was_cut_before(dynamodb: Any) -> None:
    """Whichever process reads a shard again knows its cuts, as long as windows are kept; other shards have theirs."""
    first, again = BatchRange("shardId-000000000003", 1, 100), BatchRange("shardId-000000000003", 1, 120)
    assert a_table(dynamodb).cut(first) == [first]
    assert a_table(dynamodb).cut(again) == [first, BatchRange(first.shard, 101, 120)]
    elsewhere = again._replace(shard="shardId-000000000004")
    assert a_table(dynamodb).cut(elsewhere) == [elsewhere]
    expiries = {int(item["expires_at"]["N"]) for item in dynamodb.scan(TableName=WINDOWS)["Items"]}
    assert expiries == {START + 5 + KEPT_SECONDS}
    assert a_table(dynamodb).read([START]) == []


class Overtaking:
    """A client beside which another function cuts the same shard, as often as told."""

    def __init__(self, dynamodb: Any, times: int) -> None:
        self._dynamodb, self._left = dynamodb, times

    def get_item(self, **arguments: Any) -> Any:
        """The item as it was before the other function cut."""
        found = self._dynamodb.get_item(**arguments)
        if self._left:
            self._left -= 1
            a_table(self._dynamodb).cut(BatchRange("shardId-000000000003", 1, 100 + self._left))
        return found

    def __getattr__(self, action: str) -> Any:
        return getattr(self._dynamodb, action)


def test_two_functions_that_cut_a_shard_at_once_take_turns(dynamodb: Any) -> None:
    """The one that comes second cuts by what the first one kept; if there is no end of it, the batch comes again."""
    batch = BatchRange("shardId-000000000003", 1, 120)
    assert [part.last for part in a_table(Overtaking(dynamodb, 2)).cut(batch)] == [100, 101, 120]
    with pytest.raises(TransientError):
        a_table(Overtaking(dynamodb, 9)).cut(BatchRange("shardId-000000000003", 121, 300))


def test_cuts_are_read_only_where_this_process_did_not_write_them_last(dynamodb: Any) -> None:
    """A shard's batches come one after the other, nearly always to the same process; another's cuts are found."""
    reads: list[str] = []
    dynamodb.meta.events.register("before-call.dynamodb.GetItem", lambda **_: reads.append("read"))
    shard = SOURCE.shard
    mine, other = a_table(dynamodb), a_table(dynamodb)
    for first in (1, 101, 201):
        batch = BatchRange(shard, first, first + 99)
        assert mine.cut(batch) == [batch]
    assert len(reads) == 1
    assert mine.cut(batch) == [batch]
    assert len(reads) == 2
    assert other.cut(BatchRange(shard, 301, 340)) == [BatchRange(shard, 301, 340)]
    parts = [BatchRange(shard, 301, 340), BatchRange(shard, 341, 400)]
    assert mine.cut(BatchRange(shard, 301, 400)) == parts
    assert other.cut(BatchRange(shard, 301, 400)) == parts


def test_a_shard_whose_cuts_cannot_be_read_is_not_written(dynamodb: Any) -> None:
    """A batch that is cut anywhere could count twice, so it rather comes again."""
    throttled = Refusing(dynamodb, 1, "ThrottlingException")
    with pytest.raises(TransientError):
        a_table(throttled).cut(SOURCE)


def test_a_batch_written_again_in_its_interval_is_one_item(dynamodb: Any) -> None:
    """The first attempt stays with its time, which decides what it counts with and that it is not late."""
    for now_s in (START + 5, START + 6):
        a_table(dynamodb, now_s).write(WINDOWS_FOUND, SOURCE)
    assert [item.written_at_ms for item in a_table(dynamodb).read([START])] == [(START + 5) * 1000]


def test_many_windows_are_written_whole_in_several_items(dynamodb: Any) -> None:
    """Parts of a batch are one transaction, and read back as one write, also when it is tried again."""
    names = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(8_000)]
    sets: dict[Group, StatisticSet] = {
        (name,): StatisticSet.of([number / 7, 1 / 3]) for number, name in enumerate(names)
    }
    table = a_table(dynamodb)
    table.write({Window("selection", START): WindowAggregate(sets)}, SOURCE)
    items = table.read([START])
    assert len(items) > 1
    a_table(dynamodb, START + 6).write({Window("selection", START): WindowAggregate(sets)}, SOURCE)
    assert sorted(table.read([START]), key=str) == sorted(items, key=str)
    assert len(without_duplicates(items)) == len(items)


class Refusing:
    """A client whose writes fail as often as told."""

    def __init__(self, dynamodb: Any, failures: int, code: str) -> None:
        self._dynamodb, self.left, self._code, self.calls = dynamodb, failures, code, 0

    def get_item(self, **arguments: Any) -> Any:
        """Fail."""
        raise self._dynamodb.exceptions.ClientError({"Error": {"Code": self._code}}, "GetItem")

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
    """An item says when it was really written, because evaluations rely on seeing it soon after."""
    monkeypatch.setattr("handlers.adapters.dynamodb.windows_table.time.sleep", lambda _: None)
    times = iter([START + 59.5, START + 60.5])
    refusing = Refusing(dynamodb, 1, "ThrottlingException")
    WindowsTable(refusing, WINDOWS, TIMING, lambda: next(times)).write(WINDOWS_FOUND, SOURCE)
    [item] = a_table(dynamodb).read([START, START + 60])
    assert (item.interval_start_s, item.written_at_ms) == (START + 60, (START + 60) * 1000 + 500)


def test_failures_that_last_are_told(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three attempts the batch must come again; what no attempt can mend is tried once."""
    monkeypatch.setattr("handlers.adapters.dynamodb.windows_table.time.sleep", lambda _: None)
    throttled, denied = (
        Refusing(dynamodb, 9, "ThrottlingException"),
        Refusing(dynamodb, 9, "AccessDeniedException"),
    )
    with pytest.raises(TransientError):
        a_table(throttled).write(WINDOWS_FOUND, SOURCE)
    with pytest.raises(ConfigurationError):
        a_table(denied).write(WINDOWS_FOUND, SOURCE)
    assert (throttled.calls, denied.calls) == (3, 1)


def test_an_interval_is_claimed_once(dynamodb: Any) -> None:
    """Whoever is first starts its evaluation; if that dies, the next interval's makes up for it."""
    table = a_table(dynamodb)
    assert table.claim(START, START + 70)
    assert not table.claim(START, START + 9_999)
    assert table.claim(START + 60, START + 70)


def test_progress_is_kept_and_never_goes_back(dynamodb: Any) -> None:
    """Executions that overlap note how far each came; what is written last need not be the furthest."""
    table = a_table(dynamodb)
    assert table.progress() == (Progress(), 0)
    table.advance(KeyRange(), Reached(START + 60, START), START + 71)
    table.advance(KeyRange(), Reached(START, START), START + 75)
    assert table.progress() == (Progress((("", Reached(START + 60, START)),)), START + 71)
    table.advance(KeyRange("m"), Reached(START + 120, START), START + 131)
    reached, at_s = table.progress()
    assert (reached.of("", "m").end_s, reached.of("m", "").end_s, at_s) == (
        START + 60,
        START + 120,
        START + 131,
    )


class Racing:
    """A client beside which another function advances, as often as told."""

    def __init__(self, dynamodb: Any, times: int) -> None:
        self._dynamodb, self._left = dynamodb, times

    def update_item(self, **arguments: Any) -> Any:
        """Write, after the other function did."""
        if self._left:
            self._left -= 1
            reached = Reached(START + 60 * self._left, START)
            a_table(self._dynamodb).advance(KeyRange("", "m"), reached, START)
        return self._dynamodb.update_item(**arguments)

    def __getattr__(self, action: str) -> Any:
        return getattr(self._dynamodb, action)


def test_two_chunks_that_advance_at_once_both_do(dynamodb: Any) -> None:
    """A write that meets another one is made again, over what that said."""
    a_table(Racing(dynamodb, 3)).advance(KeyRange("m"), Reached(START + 600, START), START)
    progress, _ = a_table(dynamodb).progress()
    assert (progress.of("", "m").end_s, progress.of("m", "").end_s) == (START + 120, START + 600)


def test_groups_that_are_noted_are_read_again_however_many_there_are(dynamodb: Any) -> None:
    """A note of more groups than an item holds has parts, and a shorter one takes their place."""
    table = a_table(dynamodb)
    assert table.known_groups("name") == KnownGroups()
    names = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(20_000)]
    many = KnownGroups(frozenset((name, None) for name in names), START, 17)
    table.note_groups("name", many)
    assert len(dynamodb.scan(TableName=WINDOWS)["Items"]) > 1
    assert table.known_groups("name") == many
    few = KnownGroups(frozenset({("a", None)}), START + 3_600)
    table.note_groups("name", few)
    assert table.known_groups("name") == few


def test_a_claim_that_came_to_nothing_is_given_back(dynamodb: Any) -> None:
    """A batch that could not start an evaluation lets the next one do it."""
    table = a_table(dynamodb)
    assert table.claim(START, START)
    table.give_back(START)
    assert table.claim(START, START)


def test_claims_are_no_windows(dynamodb: Any) -> None:
    """Reading an interval leaves out who evaluates it."""
    table = a_table(dynamodb)
    table.claim(START, START)
    assert table.read([START]) == []
