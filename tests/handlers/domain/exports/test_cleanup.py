"""Which files may go, and when."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.cleanup import GRACE_S, Plan, plan
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import Published, Record

HOUR = Hour.parse("2026-11-22T02")
START = HOUR.end_s + 900


def _run(number: int) -> str:
    return Attempt(HOUR, number, START + number * 3600).run


def _record(current: int, published_at: float, **replaced: float) -> Record:
    published = Published(_run(current), START + current * 3600, published_at, 1, 1)
    runs = {_run(int(name[1:])): at for name, at in replaced.items()}
    return Record(HOUR, published=published, replaced=runs)


def test_a_replaced_run_goes_a_day_after_it_was_replaced() -> None:
    """Not a second earlier, however long ago it was written."""
    record = _record(2, START + 90_000_000, r1=START + 90_000_000)
    free_at = START + 90_000_000 + GRACE_S
    assert plan(record, [_run(1), _run(2)], [_run(2)], free_at - 1) == Plan((), free_at)
    assert plan(record, [_run(1), _run(2)], [_run(2)], free_at) == Plan((_run(1),), None)


def test_what_the_catalog_points_at_stays() -> None:
    """An export that died after switching the catalog left readers on a run the ledger knows nothing of."""
    record = _record(1, START)
    assert plan(record, [_run(1), _run(2)], [_run(2)], START + 10**7) == Plan((), None)


def test_a_running_attempt_stays() -> None:
    """Files of an attempt under way are not touched while its claim holds."""
    record = replace(
        _record(1, START),
        attempts=2,
        claimed_at_s=START + 7200,
        claimed_by="x",
        claimed_until_s=START + 10**8,
    )
    assert plan(record, [_run(1), _run(2)], [_run(1)], START + 10**7) == Plan((), None)
    assert plan(replace(record, claimed_until_s=0), [_run(1), _run(2)], [_run(1)], START + 10**7).delete == (
        _run(2),
    )


def test_folders_of_others_are_not_deleted() -> None:
    """What is not named like a run is not ours."""
    assert plan(_record(1, START), ["backup", _run(1)], [_run(1)], START + 10**9) == Plan((), None)


def test_before_anything_is_published_abandoned_attempts_go_by_their_age() -> None:
    """An attempt that was never read goes a day after it began."""
    free_at = START + 3600 + GRACE_S
    assert plan(Record(HOUR), [_run(1)], [], free_at - 1) == Plan((), free_at)
    assert plan(Record(HOUR), [_run(1)], [], free_at).delete == (_run(1),)


@given(st.lists(st.integers(1, 20), unique=True, max_size=8), st.integers(1, 20), st.integers(0, 10**6))
def test_no_reader_loses_a_file_within_a_day(folders: list[int], current: int, later: int) -> None:
    """Whatever lies there: the published run stays, and nothing that was readable within the last day goes."""
    published_at = START + current * 3600 + 60
    now = published_at + later
    record = _record(
        current, published_at, **{f"r{number}": published_at for number in folders if number < current}
    )
    steps = plan(record, [_run(number) for number in folders], [_run(current)], now)
    assert _run(current) not in steps.delete
    if later < GRACE_S:
        assert not [number for number in folders if number < current and _run(number) in steps.delete]
    assert (steps.again_at_s is None) or steps.again_at_s > now
