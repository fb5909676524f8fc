"""The ledger of hours in DynamoDB: who may do what, and what is left afterwards."""

import pytest

from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.dynamodb.export_hours.marks import ExportHoursMarks
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import LEASE_S, Claim
from handlers.domain.exports.marking import Mark
from handlers.domain.exports.ports import LostClaim
from handlers.domain.exports.record import Outcome
from tests.support.export_ports import HOUR, LAG_S, NOW_S, claimed, published


def test_the_watermark_only_rises(ledger: ExportHoursLedger) -> None:
    """A late execution cannot put the schedule back."""
    assert ledger.watermark() is None
    for hour in (HOUR, HOUR.plus(2), HOUR.plus(1)):
        ledger.advance(hour)
    assert ledger.watermark() == HOUR.plus(2)


def test_hours_are_entered_once_unless_wanted_again(ledger: ExportHoursLedger) -> None:
    """The schedule leaves alone what is done; a person may ask for it again."""
    ledger.enter([HOUR], NOW_S, again=False)
    ledger.complete(claimed(ledger), published(claimed(ledger)), LAG_S)
    ledger.enter([HOUR], NOW_S + 60, again=False)
    assert ledger.due(NOW_S + 99, 10) == []
    ledger.enter([HOUR], NOW_S + 60, again=True)
    assert ledger.due(NOW_S + 99, 10) == [HOUR]


def test_what_is_due_comes_longest_due_first_and_bounded(ledger: ExportHoursLedger) -> None:
    """Only what is due by now, and no more than is asked for."""
    for number in range(5):
        ledger.enter([HOUR.plus(number)], NOW_S - number, again=True)
    ledger.enter([HOUR.plus(9)], NOW_S + 1, again=True)
    assert ledger.due(NOW_S, 3) == [HOUR.plus(4), HOUR.plus(3), HOUR.plus(2)]
    assert len(ledger.due(NOW_S, 99)) == 5


def test_more_hours_than_a_read_takes_are_read(ledger: ExportHoursLedger) -> None:
    """DynamoDB answers for a hundred keys at once."""
    hours = [HOUR.plus(number) for number in range(250)]
    ledger.enter(hours, NOW_S, again=False)
    assert set(ledger.read([*hours, HOUR.plus(-1)])) == set(hours)


def test_a_claim_excludes_others_until_it_is_given_back_or_runs_out(ledger: ExportHoursLedger) -> None:
    """While one has the hour the other is told who; later it may take over, and the first one can do nothing more."""
    first = claimed(ledger)
    assert claimed(ledger, now_s=NOW_S + 5) == first
    held = ledger.claim(HOUR, "b", NOW_S + LEASE_S - 1)
    assert not isinstance(held, Claim)
    assert held.claimed_by == "a"
    ledger.renew(first, NOW_S + 60)
    assert not isinstance(ledger.claim(HOUR, "b", NOW_S + LEASE_S + 1), Claim)
    second = claimed(ledger, "b", NOW_S + 60 + LEASE_S + 1)
    assert second.attempt.number == first.attempt.number + 1
    with pytest.raises(LostClaim, match="was taken over"):
        ledger.renew(first, NOW_S + 2000)
    with pytest.raises(LostClaim, match="was taken over"):
        ledger.complete(first, published(first), LAG_S)
    ledger.give_up(HOUR, "a", "too late", NOW_S + 2000)
    assert ledger.read([HOUR])[HOUR].outcome is None
    ledger.complete(second, published(second, NOW_S + 2000), LAG_S)


def test_a_failure_is_entered_and_a_success_clears_it(ledger: ExportHoursLedger) -> None:
    """Failures are counted with the last reason, bounded; after a success none is left."""
    for number in range(2):
        claimed(ledger, now_s=NOW_S + number)
        ledger.give_up(HOUR, "a", "x" * 5000, NOW_S + number)
    entry = ledger.read([HOUR])[HOUR]
    assert (entry.outcome, entry.failures, entry.attempts, len(entry.error)) == (Outcome.FAILED, 2, 2, 500)
    assert ledger.due(NOW_S + 9, 10) == [HOUR]
    claim = claimed(ledger, now_s=NOW_S + 60)
    ledger.complete(claim, published(claim), LAG_S)
    entry = ledger.read([HOUR])[HOUR]
    assert (entry.outcome, entry.failures, entry.error, entry.due_at_s) == (Outcome.EXPORTED, 0, "", None)


def test_a_mark_between_reading_and_completing_is_not_lost(
    ledger: ExportHoursLedger, marks: ExportHoursMarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late point may come at any moment: then the hour stays due, whatever was read of it before."""
    claim = claimed(ledger)
    read = ExportHoursLedger.read
    late = iter([True])

    def read_and_mark(self: ExportHoursLedger, hours: list[Hour]) -> object:
        found = read(self, hours)
        if next(late, False):
            marks.mark_late({HOUR: Mark(NOW_S + 300, NOW_S + 300, NOW_S + 900)}, already_after_s=NOW_S + 60)
        return found

    monkeypatch.setattr(ExportHoursLedger, "read", read_and_mark)
    ledger.complete(claim, published(claim), LAG_S)
    assert read(ledger, [HOUR])[HOUR].due_at_s == NOW_S + 300


def test_an_hour_is_known_to_have_no_points_once_notes_were_looked_for(
    ledger: ExportHoursLedger, marks: ExportHoursMarks
) -> None:
    """Hours from before writers noted anything are counted; then those alone that are noted."""
    looked = [ledger.has_no_points(HOUR.plus(hours), NOW_S + hours * 3600) for hours in range(6)]
    assert looked == [False, False, False, False, True, True]
    marks.note_points([HOUR.plus(6)])
    assert not ledger.has_no_points(HOUR.plus(6), NOW_S + 6 * 3600)
    assert ledger.has_no_points(HOUR.plus(7), NOW_S + 7 * 3600)
    assert not ledger.has_no_points(HOUR, NOW_S + 7 * 3600)


def test_after_a_silence_notes_are_not_relied_on(ledger: ExportHoursLedger) -> None:
    """While this code was away another version may have stored points; what it stored is counted."""
    for hours in range(6):
        ledger.has_no_points(HOUR.plus(hours), NOW_S + hours * 3600)
    away = [ledger.has_no_points(HOUR.plus(hours), NOW_S + hours * 3600) for hours in range(8, 14)]
    assert away == [False, False, False, False, True, True]


def test_an_hour_that_is_asked_for_is_counted(ledger: ExportHoursLedger) -> None:
    """A person who asks for an hour does not rely on notes."""
    for hours in range(6):
        ledger.has_no_points(HOUR.plus(hours), NOW_S + hours * 3600)
    assert ledger.has_no_points(HOUR.plus(5), NOW_S + 6 * 3600)
    ledger.enter([HOUR.plus(5)], NOW_S, again=True)
    assert not ledger.has_no_points(HOUR.plus(5), NOW_S + 6 * 3600)
