"""Which hours an execution takes on."""

import pytest

from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.dynamodb.export_hours.marks import ExportHoursMarks
from handlers.domain.deadline import Deadline
from handlers.domain.exports import choosing
from handlers.domain.exports.choosing import choose
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import Claim
from handlers.domain.exports.marking import StoredHours
from handlers.domain.exports.record import Outcome, Published
from handlers.domain.exports.request import ExportLimits, read_request

LIMITS = ExportLimits(lag_s=900, retention_days=30)
FIRST = Hour.parse("2026-11-22T02")

AMPLE = Deadline(10_000, lambda: 0)


def run_at(ledger: ExportHoursLedger, moment: float, *, fail: bool = False, **payload: object) -> list[str]:
    """An execution at a moment: what it chose. Each hour is exported, or fails."""
    choice = choose(read_request(payload, moment, LIMITS), ledger, moment, LIMITS)
    for hour in choice.hours:
        claim = ledger.claim(hour, f"run-{moment}", moment)
        assert isinstance(claim, Claim)
        if fail:
            ledger.give_up(hour, claim.by, "no", moment + 60)
        else:
            ledger.complete(claim, Published(claim.attempt.run, moment, moment + 60, 1, 1), LIMITS.lag_s)
    return [str(hour) for hour in choice.hours]


def at(hour: Hour, minutes: float = 15) -> float:
    """So many minutes after an hour's end."""
    return hour.end_s + minutes * 60


def test_hour_after_hour_is_exported_once(ledger: ExportHoursLedger) -> None:
    """Each hourly run takes the hour that became due, and no other."""
    for number in range(4):
        assert run_at(ledger, at(FIRST.plus(number))) == [str(FIRST.plus(number))]


def test_a_second_run_in_the_hour_finds_nothing(ledger: ExportHoursLedger) -> None:
    """The schedule may start an execution twice."""
    assert run_at(ledger, at(FIRST)) == [str(FIRST)]
    assert run_at(ledger, at(FIRST, 16)) == []


def test_hours_missed_while_nothing_ran_are_made_up_for(ledger: ExportHoursLedger) -> None:
    """After an outage the due hour comes first, then the missed ones from the oldest."""
    run_at(ledger, at(FIRST))
    assert run_at(ledger, at(FIRST.plus(4))) == [str(FIRST.plus(n)) for n in (4, 1, 2, 3)]


def test_what_an_outage_outlived_is_not_asked_for(ledger: ExportHoursLedger) -> None:
    """Hours that the store has forgotten meanwhile are left out."""
    run_at(ledger, at(FIRST))
    later = FIRST.plus(31 * 24)
    chosen = choose(read_request({}, at(later), LIMITS), ledger, at(later), LIMITS).hours
    assert min(chosen) >= LIMITS.oldest_hour(at(later))


def test_a_failed_hour_is_tried_again_by_the_next_run(ledger: ExportHoursLedger) -> None:
    """A failure stays due, beside the next hour."""
    run_at(ledger, at(FIRST), fail=True)
    assert run_at(ledger, at(FIRST.plus(1))) == [str(FIRST.plus(1)), str(FIRST)]
    assert run_at(ledger, at(FIRST.plus(2))) == [str(FIRST.plus(2))]


def test_a_killed_run_leaves_its_hours_to_the_next(ledger: ExportHoursLedger) -> None:
    """What was chosen and never finished is due still, once its claim has run out."""
    choose(read_request({}, at(FIRST), LIMITS), ledger, at(FIRST), LIMITS)
    ledger.claim(FIRST, "killed", at(FIRST))
    assert run_at(ledger, at(FIRST.plus(1))) == [str(FIRST.plus(1)), str(FIRST)]


def test_a_late_point_brings_its_hour_back_twice(ledger: ExportHoursLedger, marks: ExportHoursMarks) -> None:
    """Soon, for what the store shows at once; and six hours later, for what it shows late."""
    run_at(ledger, at(FIRST))
    late = StoredHours(marks, lag_s=LIMITS.lag_s, memory_s=6 * 3600)
    assert late.on_stored([FIRST.start_s * 10**9], at(FIRST, 30), AMPLE) == 1
    taken = [run_at(ledger, at(FIRST.plus(number))) for number in range(1, 9)]
    assert [number for number, hours in enumerate(taken, 1) if str(FIRST) in hours] == [1, 7]


def test_an_hour_exported_by_hand_before_its_end_is_exported_again(ledger: ExportHoursLedger) -> None:
    """A partial export does not pass for the hour."""
    assert run_at(ledger, FIRST.start_s + 600.0, first="current") == [str(FIRST)]
    assert ledger.read([FIRST])[FIRST].outcome == Outcome.EXPORTED
    assert run_at(ledger, at(FIRST)) == [str(FIRST)]


def test_a_range_by_hand_is_taken_whatever_was_published(ledger: ExportHoursLedger) -> None:
    """A person may have an hour exported again."""
    run_at(ledger, at(FIRST))
    run_at(ledger, at(FIRST.plus(1)))
    assert run_at(ledger, at(FIRST.plus(1), 20), first=str(FIRST), last=str(FIRST.plus(1))) == [
        str(FIRST),
        str(FIRST.plus(1)),
    ]


def test_a_long_range_goes_in_rounds_and_stays_due_beyond_them(
    ledger: ExportHoursLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round is bounded; what an execution does not reach, the hourly runs do."""
    monkeypatch.setattr(choosing, "ROUND", 2)
    monkeypatch.setattr(choosing, "ROUNDS", 2)
    now = at(FIRST.plus(5))
    first = choose(
        read_request({"first": str(FIRST), "last": str(FIRST.plus(5))}, now, LIMITS), ledger, now, LIMITS
    )
    assert first.hours == (FIRST, FIRST.plus(1))
    assert first.next_input is not None
    second = choose(read_request(first.next_input, now + 60, LIMITS), ledger, now + 60, LIMITS)
    assert second.hours == (FIRST.plus(2), FIRST.plus(3))
    assert second.next_input is None
    assert set(ledger.due(now + 120, 10)) == {FIRST.plus(number) for number in range(6)}


def test_a_round_does_not_take_up_what_failed_in_the_one_before(
    ledger: ExportHoursLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within an execution every hour is tried once."""
    monkeypatch.setattr(choosing, "ROUND", 2)
    run_at(ledger, at(FIRST))
    now = at(FIRST.plus(4))
    choice = choose(read_request({}, now, LIMITS), ledger, now, LIMITS)
    tried: list[Hour] = []
    moment = now
    while True:
        for hour in choice.hours:
            ledger.claim(hour, "run", moment)
            ledger.give_up(hour, "run", "no", moment + 1)
            tried.append(hour)
        if choice.next_input is None:
            break
        moment += 60
        choice = choose(read_request(choice.next_input, moment, LIMITS), ledger, moment, LIMITS)
    assert sorted(tried) == [FIRST.plus(number) for number in range(1, 5)]


def test_a_later_round_takes_on_no_hour_that_came_due_meanwhile(ledger: ExportHoursLedger) -> None:
    """That one is the next execution's, which its own schedule starts."""
    run_at(ledger, at(FIRST))
    later = {"cutoff": at(FIRST), "round": 2}
    now = at(FIRST.plus(1), 20)
    assert choose(read_request(later, now, LIMITS), ledger, now, LIMITS).hours == ()
    assert ledger.watermark() == FIRST


def test_a_stale_hour_that_the_store_forgot_is_due_no_more(ledger: ExportHoursLedger) -> None:
    """It would fail for ever; it is entered as expired, unless readers have something of it."""
    ledger.enter([FIRST, FIRST.plus(1)], at(FIRST), again=True)
    claim = ledger.claim(FIRST, "x", at(FIRST))
    assert isinstance(claim, Claim)
    ledger.complete(claim, Published("r", at(FIRST, -10), at(FIRST), 1, 1), 900)
    later = at(FIRST.plus(32 * 24))
    ledger.advance(FIRST.plus(32 * 24))
    assert choose(read_request({}, later, LIMITS), ledger, later, LIMITS).hours == ()
    assert ledger.due(later, 10) == []
    entries = ledger.read([FIRST, FIRST.plus(1)])
    assert entries[FIRST].outcome == Outcome.EXPORTED
    assert entries[FIRST.plus(1)].outcome == Outcome.EXPIRED
