"""The local clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock import Clock


def test_it_runs_with_its_source_and_ahead_of_it() -> None:
    """The time is the source's plus all advances."""
    seconds = 100.0
    clock = Clock(lambda: seconds)
    assert clock.now() == 100.0
    clock.advance(3600)
    assert clock.now() == 3700.0
    seconds = 101.0
    assert clock.now() == 3701.0
    assert clock.utcnow().isoformat() == "1970-01-01T01:01:41+00:00"


@given(st.lists(st.floats(0, 1e6), max_size=1000))
def test_it_never_goes_back(advances: list[float]) -> None:
    """Whatever it is advanced by, each time told is at least the one before."""
    clock = Clock(lambda: 0.0)
    before = clock.now()
    for seconds in advances:
        assert clock.advance(seconds) == clock.offset_s
        assert clock.now() >= before
        before = clock.now()


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), float("-inf"), 1e308, 4e9])
def test_it_refuses_to_go_back(seconds: float) -> None:
    """A negative or boundless advance, or one beyond a hundred years, changes nothing."""
    clock = Clock(lambda: 0.0)
    with pytest.raises(ValueError, match="forward only"):
        clock.advance(seconds)
    assert clock.offset_s == 0


def test_the_years_of_all_moves_count() -> None:
    """However small the steps, the clock stays within what dates can tell."""
    clock = Clock(lambda: 1.8e9)
    clock.advance(3.1e9)
    with pytest.raises(ValueError, match="forward only"):
        clock.advance(1e8)
    assert clock.utcnow().year == 2125


def test_listeners_hear_the_new_offset_until_removed() -> None:
    """Each listener gets the whole offset after every advance, and none after it left."""
    clock, heard = Clock(), list[float]()
    remove = clock.on_advance(heard.append)
    clock.advance(1)
    clock.advance(2)
    remove()
    clock.advance(3)
    assert heard == [1, 3]
