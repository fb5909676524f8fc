"""The ledger of hours in DynamoDB: who may do what, and what is left afterwards."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.dynamodb.export_hours.cleanup import TidyTable
from handlers.adapters.dynamodb.export_hours.items import ExportItems
from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.adapters.dynamodb.export_hours.marks import MarkTable
from handlers.adapters.dynamodb.export_hours.unload_rate import UnloadPace
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.ledger import LEASE_SECONDS, Claim
from handlers.domain.exports.marking import Mark
from handlers.domain.exports.record import Outcome, Published
from handlers.domain.exports.tidying import GRACE_SECONDS, Wish
from tests.support.export_ports import HOURS, create_hours_table

HOUR = Hour.parse("2026-11-22T02")
NOW = float(HOUR.end + 900)
LAG = 900.0


@pytest.fixture
def ledger() -> Iterator[HourTable]:
    """An empty ledger."""
    with mock_aws():
        yield HourTable(create_hours_table(), HOURS)


def claimed(ledger: HourTable, by: str = "a", now: float = NOW) -> Claim:
    """A claim on the hour."""
    claim = ledger.claim(HOUR, by, now)
    assert isinstance(claim, Claim)
    return claim


def published(claim: Claim, at: float = NOW + 30, rows: int = 3) -> Published:
    """What the claim's export came to."""
    return Published(claim.attempt.run, claim.attempt.started_at, at, rows, 100)


def test_the_watermark_only_rises(ledger: HourTable) -> None:
    """A late execution cannot put the schedule back."""
    assert ledger.watermark() is None
    for hour in (HOUR, HOUR.plus(2), HOUR.plus(1)):
        ledger.advance(hour)
    assert ledger.watermark() == HOUR.plus(2)


def test_hours_are_entered_once_unless_wanted_again(ledger: HourTable) -> None:
    """The schedule leaves alone what is done; a person may ask for it again."""
    ledger.enter([HOUR], NOW, again=False)
    ledger.complete(claimed(ledger), published(claimed(ledger)), LAG)
    ledger.enter([HOUR], NOW + 60, again=False)
    assert ledger.due(NOW + 99, 10) == []
    ledger.enter([HOUR], NOW + 60, again=True)
    assert ledger.due(NOW + 99, 10) == [HOUR]


def test_what_is_due_comes_longest_due_first_and_bounded(ledger: HourTable) -> None:
    """Only what is due by now, and no more than is asked for."""
    for number in range(5):
        ledger.enter([HOUR.plus(number)], NOW - number, again=True)
    ledger.enter([HOUR.plus(9)], NOW + 1, again=True)
    assert ledger.due(NOW, 3) == [HOUR.plus(4), HOUR.plus(3), HOUR.plus(2)]
    assert len(ledger.due(NOW, 99)) == 5


def test_more_hours_than_a_read_takes_are_read(ledger: HourTable) -> None:
    """DynamoDB answers for a hundred keys at once."""
    hours = [HOUR.plus(number) for number in range(250)]
    ledger.enter(hours, NOW, again=False)
    assert set(ledger.read([*hours, HOUR.plus(-1)])) == set(hours)


def test_a_claim_excludes_others_until_it_is_given_back_or_runs_out(ledger: HourTable) -> None:
    """While one has the hour the other is told who; later it may take over, and the first one can do nothing more."""
    first = claimed(ledger)
    assert claimed(ledger, now=NOW + 5) == first
    held = ledger.claim(HOUR, "b", NOW + LEASE_SECONDS - 1)
    assert not isinstance(held, Claim)
    assert held.claimed_by == "a"
    assert ledger.renew(first, NOW + 60)
    assert not isinstance(ledger.claim(HOUR, "b", NOW + LEASE_SECONDS + 1), Claim)
    second = claimed(ledger, "b", NOW + 60 + LEASE_SECONDS + 1)
    assert second.attempt.number == first.attempt.number + 1
    assert not ledger.renew(first, NOW + 2000)
    assert not ledger.complete(first, published(first), LAG)
    ledger.give_up(HOUR, "a", "too late", NOW + 2000)
    assert ledger.read([HOUR])[HOUR].outcome is None
    assert ledger.complete(second, published(second, NOW + 2000), LAG)


def test_a_failure_is_entered_and_a_success_clears_it(ledger: HourTable) -> None:
    """Failures are counted with the last reason, bounded; after a success none is left."""
    for number in range(2):
        claimed(ledger, now=NOW + number)
        ledger.give_up(HOUR, "a", "x" * 5000, NOW + number)
    entry = ledger.read([HOUR])[HOUR]
    assert (entry.outcome, entry.failures, entry.attempts, len(entry.error)) == (Outcome.FAILED, 2, 2, 500)
    assert ledger.due(NOW + 9, 10) == [HOUR]
    claim = claimed(ledger, now=NOW + 60)
    ledger.complete(claim, published(claim), LAG)
    entry = ledger.read([HOUR])[HOUR]
    assert (entry.outcome, entry.failures, entry.error, entry.due_at) == (Outcome.EXPORTED, 0, "", None)


def test_a_mark_between_reading_and_completing_is_not_lost(
    ledger: HourTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late point may come at any moment: then the hour stays due, whatever was read of it before."""
    claim = claimed(ledger)
    marks = MarkTable(boto3.client("dynamodb"), HOURS)
    read = HourTable.read
    late = iter([True])

    def read_and_mark(self: HourTable, hours: list[Hour]) -> object:
        found = read(self, hours)
        if next(late, False):
            marks.mark({HOUR: Mark(NOW + 300, NOW + 300, NOW + 900)}, NOW + 60)
        return found

    monkeypatch.setattr(HourTable, "read", read_and_mark)
    assert ledger.complete(claim, published(claim), LAG)
    assert read(ledger, [HOUR])[HOUR].due_at == NOW + 300


def test_a_mark_brings_an_hour_back_before_its_last_export(ledger: HourTable) -> None:
    """An hour that waits for its export six hours later is due at once when a further point comes."""
    marks = MarkTable(boto3.client("dynamodb"), HOURS)
    assert marks.mark({HOUR: Mark(NOW + 300, NOW + 300, NOW + 900)}, NOW + 60) == {HOUR: NOW + 300}
    claim = claimed(ledger, now=NOW + 400)
    ledger.complete(claim, published(claim), LAG)
    assert ledger.read([HOUR])[HOUR].due_at == NOW + 900
    marks.mark({HOUR: Mark(NOW + 800, NOW + 800, NOW + 1400)}, NOW + 560)
    assert ledger.read([HOUR])[HOUR].due_at == NOW + 800


def test_a_mark_in_force_is_left_and_told(ledger: HourTable) -> None:
    """Two writers share a mark; one that is too near is moved ahead, without putting the export off."""
    marks = MarkTable(boto3.client("dynamodb"), HOURS)
    marks.mark({HOUR: Mark(NOW + 300, NOW + 300, NOW + 900)}, NOW + 60)
    assert marks.mark({HOUR: Mark(NOW + 400, NOW + 400, NOW + 1000)}, NOW + 160) == {HOUR: NOW + 300}
    assert marks.mark({HOUR: Mark(NOW + 550, NOW + 550, NOW + 1150)}, NOW + 310) == {HOUR: NOW + 550}
    entry = ledger.read([HOUR])[HOUR]
    assert (entry.due_at, entry.settled_at, entry.final_at) == (NOW + 300, NOW + 550, NOW + 1150)


def test_many_hours_are_marked_at_once(ledger: HourTable) -> None:
    """A batch may hold points of very many hours."""
    hours = {HOUR.plus(-number): Mark(NOW + 300, NOW + 300, NOW + 900) for number in range(40)}
    assert set(MarkTable(boto3.client("dynamodb"), HOURS).mark(hours, NOW + 60)) == set(hours)
    assert len(ledger.due(NOW + 300, 99)) == 40


def test_only_a_second_attempt_leaves_something_to_tidy(ledger: HourTable) -> None:
    """A day after the publication that replaced it; a wish that was renewed meanwhile stays."""
    wishes = TidyTable(boto3.client("dynamodb"), HOURS)
    first = claimed(ledger)
    ledger.complete(first, published(first), LAG)
    assert wishes.due(NOW * 2, 9) == []
    second = claimed(ledger, now=NOW + 60)
    ledger.complete(second, published(second, NOW + 90), LAG)
    assert wishes.due(NOW + 90 + GRACE_SECONDS - 1, 9) == []
    (wish,) = wishes.due(NOW + 90 + GRACE_SECONDS, 9)
    assert wishes.record(HOUR).replaced == {first.attempt.run: NOW + 90}
    wishes.met(Wish(HOUR, wish.revision - 1), None)
    assert wishes.due(NOW + 90 + GRACE_SECONDS, 9) == [wish]
    wishes.met(wish, NOW + 3 * GRACE_SECONDS)
    assert wishes.due(NOW + 2 * GRACE_SECONDS, 9) == []
    wishes.met(wish, None)
    assert wishes.due(NOW * 2, 9) == []


def test_unloads_start_a_second_apart() -> None:
    """Whoever asks, each turn is a second after the one before; one that is too far away is refused as throttled."""
    with mock_aws():
        dynamodb = create_hours_table()
        slept: list[float] = []
        paces = [UnloadPace(dynamodb, HOURS, clock=lambda: 1000.0, sleep=slept.append) for _ in range(2)]
        for number in range(31):
            paces[number % 2].wait_turn()
        assert slept == [float(number) for number in range(31)]
        with pytest.raises(TransientError):
            paces[0].wait_turn()


def test_a_missing_table_is_the_operators_matter(ledger: HourTable) -> None:
    """It will not pass by itself."""
    with pytest.raises(ConfigurationError, match="ResourceNotFoundException"):
        ExportItems(boto3.client("dynamodb"), "nowhere").get("watermark")
    with pytest.raises(ConfigurationError):
        HourTable(boto3.client("dynamodb"), "nowhere").read([HOUR])
