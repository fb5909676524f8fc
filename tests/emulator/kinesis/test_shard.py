"""A shard's records against a plain list of them."""

from hypothesis import given
from hypothesis import strategies as st

from emulator.kinesis.shard import Record, ShardRecords

RETENTION_S = 10
_keys = st.text(st.characters(exclude_categories=()), min_size=1, max_size=3)
_steps = st.lists(
    st.one_of(
        st.tuples(_keys, st.sampled_from(["", "eA==", "eHl6" * 9])),  # a record
        st.integers(1, 2 * RETENTION_S),  # seconds go by
        st.none(),  # records expire
    ),
    max_size=30,
)


@given(steps=_steps, limit=st.integers(1, 5))
def test_a_shard_has_what_came_in_order_for_as_long_as_it_keeps_it(
    steps: list[tuple[str, str] | int | None], limit: int
) -> None:
    """A reader from any place gets the next records, whole, and how late it is; one from a time those since then."""
    now_s = 1_700_000_000.0
    shard = ShardRecords(3, now=lambda: now_s)
    kept: list[Record] = []
    numbers = [shard.get_min_sequence_number()]
    for step in steps:
        if isinstance(step, tuple):
            numbers.append(shard.append(*step))
            kept.append(Record(numbers[-1], *step, now_s))
        elif step is None:
            shard.forget_older(RETENTION_S)
            kept = [record for record in kept if record.arrived_s >= now_s - RETENTION_S]
        else:
            now_s += step
    assert numbers == sorted(set(numbers))
    assert shard.get_max_sequence_number() == numbers[-1]
    for last in (0, *numbers, *(number - 1 for number in numbers)):
        rest = [record for record in kept if record.sequence_number > last]
        expected = rest[:limit]
        behind_ms = int((now_s - rest[limit].arrived_s) * 1000) if len(rest) > limit else 0
        found = expected[-1].sequence_number if expected else last
        assert shard.after(last, limit) == (expected, found, behind_ms)
    for since_s in {record.arrived_s for record in kept}:
        before = [record.sequence_number for record in kept if record.arrived_s < since_s]
        assert shard.get_sequence_number_at(since_s) == (before[-1] if before else 0)
