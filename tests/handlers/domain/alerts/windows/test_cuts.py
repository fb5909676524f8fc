"""Cuts: however a shard is read again, the ranges of its records are nested or disjoint."""

from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.windows.cuts import BatchRange, Cuts

SHARD = "shardId-000000000000"


def cut_all(*batches: tuple[int, int]) -> list[tuple[int, int]]:
    """The ranges that these batches of a shard are written in, one after another."""
    cuts, found = Cuts(0), []
    for first, last in batches:
        cuts, parts = Cuts.read(str(cuts)).cut(BatchRange(SHARD, first, last))
        found += [(part.first, part.last) for part in parts]
    return found


def test_batches_that_follow_each_other_stay_as_they_are() -> None:
    """Sequence numbers have gaps, and batches without windows are not cut: a range is that of its batch."""
    assert cut_all((5, 90), (101, 200), (350, 350)) == [(5, 90), (101, 200), (350, 350)]


def test_a_batch_that_comes_again_whole_or_in_halves_has_its_range_or_one_inside_it() -> None:
    """Lambda repeats a batch that failed, and may bisect it."""
    assert cut_all((1, 100), (1, 100), (1, 50), (51, 100)) == [(1, 100), (1, 100), (1, 50), (51, 100)]


def test_a_shard_that_is_read_again_in_other_batches_is_cut_where_it_was_cut() -> None:
    """The part before the cut is written again, the part behind it for the first time."""
    assert cut_all((1, 100), (1, 120), (121, 220)) == [(1, 100), (1, 100), (101, 120), (121, 220)]


def test_records_before_a_batch_that_was_delivered_are_dealt_with() -> None:
    """After the second batch was delivered, the first is written; read again, it is left out."""
    assert cut_all((1, 100), (101, 200), (1, 120), (121, 220)) == [
        (1, 100), (101, 200), (101, 120), (121, 200), (201, 220),
    ]  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 12)), max_size=12),
    st.randoms(use_true_random=False),
)
def test_any_two_ranges_are_nested_or_disjoint(batches: list[tuple[int, int]], chance: object) -> None:
    """Whatever batches come in whatever order, and whichever of them was written in the end."""
    ranges = cut_all(*((first, first + more) for first, more in batches))
    for first, last in ranges:
        for other_first, other_last in ranges:
            outer = other_first <= first and last <= other_last
            inner = first <= other_first and other_last <= last
            assert outer or inner or last < other_first or other_last < first


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=12))
def test_every_record_of_a_shard_that_is_read_from_checkpoints_is_written(
    steps: list[tuple[int, int]],
) -> None:
    """Readings that begin at the end of any earlier batch, and batches of any size, leave no record out."""
    ends, written = [0], set[int]()
    cuts = Cuts(0)
    for back, size in steps:
        begin = ends[max(0, len(ends) - 1 - back)]
        del ends[ends.index(begin) + 1 :]
        cuts, parts = cuts.cut(BatchRange(SHARD, begin + 1, begin + size))
        ends.append(begin + size)
        for part in parts:
            written.update(range(part.first, part.last + 1))
        assert written.issuperset(range(1, begin + size + 1))
