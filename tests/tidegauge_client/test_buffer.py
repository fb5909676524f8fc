"""The bounded buffer: what it keeps, what gives way, and the counts of both."""

import threading
from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from tidegauge_client.buffer import Buffer
from tidegauge_client.stats import FULL, Stats


def test_the_oldest_give_way() -> None:
    """When there are too many, or too many bytes."""
    buffer = Buffer(3, 10)
    for point in (b"a", b"b", b"c", b"d"):
        buffer.put(point)
    assert buffer.take(10, 100) == [b"b", b"c", b"d"]
    buffer.settle([b"b", b"c", b"d"])
    for point in (b"aaaa", b"bbbb", b"cccc"):
        buffer.put(point)
    assert buffer.take(10, 100) == [b"bbbb", b"cccc"]
    assert buffer.stats() == Stats(7, 3, {FULL: 2}, 2, 0, "")


def test_what_is_on_its_way_counts_and_does_not_give_way() -> None:
    """It may be there already."""
    buffer = Buffer(3, 100)
    for point in (b"a", b"b", b"c"):
        buffer.put(point)
    assert buffer.take(2, 100) == [b"a", b"b"]
    buffer.put(b"d")
    assert buffer.take(2, 100) == [b"d"]
    assert buffer.stats().dropped == {FULL: 1}


def test_a_batch_has_so_many_points_and_bytes() -> None:
    """One point at least."""
    buffer = Buffer(100, 10_000)
    for size in (5, 5, 5, 500, 5):
        buffer.put(b"x" * size)
    sizes = []
    while batch := buffer.take(2, 20):
        sizes.append([len(point) for point in batch])
        buffer.settle(batch)
    assert sizes == [[5, 5], [5], [500], [5]]


def test_a_mark_is_passed_when_everything_before_it_is_settled() -> None:
    """Points that came later, or were no points, do not count for it."""
    buffer = Buffer(3, 100)
    buffer.put(b"a")
    buffer.put(b"b")
    mark = buffer.came
    buffer.put("value_type")
    buffer.put("value_type")
    assert (mark, buffer.done_until) == (2, 0)
    batch = buffer.take(1, 100)
    for point in (b"c", b"d", b"e"):
        buffer.put(point)  # b and c give way, a is on its way
    assert buffer.done_until == 0
    buffer.settle(batch)
    assert buffer.done_until == 3


def test_a_signal_handler_on_the_thread_that_sorts_in_stops_nobody() -> None:
    """What it records is kept, and the sender goes on while it waits for it."""
    buffer = Buffer(100, 1_000)
    seen: list[list[bytes]] = []

    class Interrupting(deque[bytes]):
        def append(self, one: bytes) -> None:
            super().append(one)
            if one == b"first":
                buffer.put(b"second")
                buffer.leave_to_others()
                sender = threading.Thread(target=lambda: seen.append(buffer.take(10, 100)))
                sender.start()
                sender.join(5)

    buffer._waiting = Interrupting()
    buffer.put(b"first")
    assert seen == [[b"first", b"second"]]
    assert buffer.stats().recorded == 2


@given(
    st.lists(
        st.one_of(
            st.binary(min_size=1, max_size=30),
            st.sampled_from(["value_type", "point_too_large"]),
            st.tuples(st.integers(1, 5), st.integers(1, 50)),
            st.sampled_from([None, False, True]),
        ),
        max_size=60,
    )
)
def test_every_point_is_somewhere_and_memory_is_bounded(steps: list[object]) -> None:
    """recorded = accepted + dropped + waiting, whatever happens in whatever order."""
    buffer = Buffer(8, 100)
    taken: list[bytes] = []
    for step in steps:
        if isinstance(step, bytes | str):
            buffer.put(step)
        elif isinstance(step, tuple):
            if not taken:
                taken = buffer.take(*step)
        elif taken:
            buffer.settle(taken, "" if step else "refused")
            taken = []
        stats = buffer.stats()
        assert stats.recorded == stats.accepted + sum(stats.dropped.values()) + stats.waiting
        assert stats.waiting <= 8
        assert buffer.waiting[1] <= max(100, sum(map(len, taken)))
        assert buffer.done_until <= buffer.came


def test_threads_lose_nothing() -> None:
    """Many that record while one takes."""
    buffer = Buffer(10**6, 10**9)

    def write() -> None:
        for _ in range(20_000):
            buffer.put(b"x")

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    got = 0
    while got < 80_000:
        batch = buffer.take(500, 10**6)
        buffer.settle(batch)
        got += len(batch)
    for writer in writers:
        writer.join()
    assert buffer.stats() == Stats(80_000, 80_000, {}, 0, 0, "")
