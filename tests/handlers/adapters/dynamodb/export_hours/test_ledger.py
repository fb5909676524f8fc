"""The ledger of hours in DynamoDB: who may do what, and what is left afterwards."""

import pytest

from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.adapters.dynamodb.export_hours.marks import MarkTable
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.ledger import LEASE_SECONDS, Claim
from handlers.domain.exports.marking import Mark
from handlers.domain.exports.record import Outcome
from tests.support.export_ports import HOUR, LAG, NOW, claimed, published


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
    ledger: HourTable, marks: MarkTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late point may come at any moment: then the hour stays due, whatever was read of it before."""
    claim = claimed(ledger)
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
