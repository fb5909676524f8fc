"""What follows from an hour's entry."""

from dataclasses import replace

import pytest

from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import Outcome, Published, Record, State, next_due_s, state_of

HOUR = Hour.parse("2026-11-22T02")
LAG = 900.0
COMPLETE = HOUR.end_s + LAG
ON_TIME = Published("20261122T031500-1", COMPLETE, COMPLETE + 20, 5, 100)
RECORD = Record(HOUR, outcome=Outcome.EXPORTED, published=ON_TIME)


@pytest.mark.parametrize(
    ("record", "state"),
    [
        (None, State.MISSING),
        (Record(HOUR, due_at_s=COMPLETE), State.MISSING),
        (RECORD, State.EXPORTED),
        (replace(RECORD, published=replace(ON_TIME, rows=0)), State.EMPTY),
        (replace(RECORD, due_at_s=COMPLETE + 300, settled_at_s=COMPLETE + 300), State.STALE),
        (
            replace(RECORD, due_at_s=COMPLETE + 9000, settled_at_s=COMPLETE - 1, final_at_s=COMPLETE + 9000),
            State.EXPORTED,
        ),
        (replace(RECORD, outcome=Outcome.FAILED), State.FAILED),
        (Record(HOUR, outcome=Outcome.EXPIRED), State.EXPIRED),
        (replace(RECORD, claimed_by="run", claimed_until_s=COMPLETE + 7200), State.RUNNING),
        (replace(RECORD, claimed_by="run", claimed_until_s=COMPLETE + 1), State.EXPORTED),
        (replace(RECORD, published=replace(ON_TIME, started_at_s=HOUR.start_s + 60)), State.MISSING),
    ],
)
def test_an_operator_is_told_the_state_of_an_hour(record: Record | None, state: State) -> None:
    """An hour that is due is exported, empty, stale, failed, expired, running or missing."""
    assert state_of(HOUR, record, COMPLETE + 3600, LAG) == state


def test_an_hour_that_is_not_due_waits() -> None:
    """Before its lag is over an hour waits, or is partial if it was exported by hand already."""
    early = Published("20261122T023000-1", HOUR.start_s + 1800, HOUR.start_s + 1810, 5, 100)
    assert state_of(HOUR, None, COMPLETE - 1, LAG) == State.WAITING
    assert state_of(HOUR, Record(HOUR, due_at_s=COMPLETE), COMPLETE - 1, LAG) == State.WAITING
    assert state_of(HOUR, Record(HOUR, published=early), COMPLETE - 1, LAG) == State.PARTIAL


def test_what_was_published_too_early_is_due_again() -> None:
    """After a publication an hour is due at the first moment of which the export could not know yet."""
    record = Record(HOUR, settled_at_s=COMPLETE + 300, final_at_s=COMPLETE + 21_900)
    assert next_due_s(record, COMPLETE - 100, LAG) == COMPLETE
    assert next_due_s(record, COMPLETE, LAG) == COMPLETE + 300
    assert next_due_s(record, COMPLETE + 300, LAG) == COMPLETE + 21_900
    assert next_due_s(record, COMPLETE + 21_900, LAG) is None
    assert next_due_s(Record(HOUR), COMPLETE, LAG) is None
