"""Properties that are computed once."""

import threading
from concurrent.futures import ThreadPoolExecutor

from emulator.once import once


class Slow:
    """An object whose value is ready when all have met."""

    def __init__(self, meeting: threading.Barrier) -> None:
        self.meeting = meeting
        self.computed = 0

    @once
    def value(self) -> int:
        """The value."""
        self.computed += 1
        self.meeting.wait(5)
        return self.computed


def test_a_value_is_computed_when_first_asked_for_and_then_kept() -> None:
    """It can be set as well, and is documented."""
    slow = Slow(threading.Barrier(1))
    assert (slow.computed, slow.value, slow.value, slow.computed) == (0, 1, 1, 1)
    slow.value = 7
    assert slow.value == 7
    assert Slow.value.__doc__ == "The value."


def test_objects_do_not_wait_for_each_other() -> None:
    """Two threads compute for two objects at the same time."""
    meeting = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda slow: slow.value, [Slow(meeting), Slow(meeting)])) == [1, 1]
