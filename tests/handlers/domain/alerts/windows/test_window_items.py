"""Evidence as items: every record counts once, nothing is cut, nothing is lost."""

import hashlib
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.selection import Group, SelectionIndex, group_key
from handlers.domain.alerts.windows.aggregation import GroupedSets, aggregate, capped
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.window_aggregates import merge
from handlers.domain.alerts.windows.window_items import (
    ITEM_BYTES,
    BatchRange,
    Partial,
    read_item,
    window_items,
    without_duplicates,
)
from tests.support.alert_pipeline import a_point
from tests.support.rules import a_rule

TIMING = Timing()
NOW = 1_763_769_660
RULE = a_rule(by=["host"])
SELECTION = RULE.selection


def a_partial(first: int, last: int, at: int = NOW, shard: str = "s-0", value: float = 1.0) -> Partial:
    """A partial of one point."""
    evidence = {("x", NOW): GroupedSets({("a",): StatisticSet.of([value])})}
    return read_item(window_items(evidence, BatchRange(shard, first, last), at, TIMING)[0])


@given(st.lists(st.tuples(st.text(min_size=1, max_size=6), st.floats(-1e9, 1e9)), min_size=1, max_size=30))
def test_an_item_says_what_was_written(points: list[tuple[str, float]]) -> None:
    """Evidence read from its item is the evidence, whatever the groups are called."""
    index = SelectionIndex.of([SELECTION])
    evidence = aggregate((a_point(NOW, v, host=h) for h, v in points), index, NOW, TIMING, 100).evidence
    [item] = window_items(evidence, BatchRange("s-0", 5, 9), NOW, TIMING)
    partial = read_item(item)
    assert list(partial.periods()) == list(evidence)
    assert dict(partial.sets(evidence)) == evidence
    assert list(partial.sets([("another", NOW)])) == []
    assert (partial.range, partial.part, partial.parts) == (BatchRange("s-0", 5, 9), 1, 1)


def test_ranges_inside_others_are_dropped() -> None:
    """Of a batch and its halves, only the batch counts; neighbours and other shards are untouched."""
    whole, left, right = a_partial(1, 10), a_partial(1, 5), a_partial(6, 10)
    next_one, elsewhere = a_partial(11, 12), a_partial(1, 5, shard="s-1")
    kept = without_duplicates([right, elsewhere, left, whole, next_one])
    assert [partial.range for partial in kept] == [whole.range, next_one.range, elsewhere.range]


def test_halves_count_when_the_whole_was_never_written() -> None:
    """A batch that failed before it wrote counts by its halves."""
    left, right = a_partial(1, 5), a_partial(6, 10)
    assert without_duplicates([right, left]) == [left, right]


def test_a_batch_written_twice_counts_once_and_is_known_since_the_first_time() -> None:
    """A repetition replaces the first attempt, but does not make its evidence late."""
    first, again = a_partial(1, 10), a_partial(1, 10, at=NOW + 120)
    [kept] = without_duplicates([again, first])
    assert kept.written_at_ms == first.written_at_ms
    assert kept.tick == again.tick


def many_groups(count: int) -> dict[tuple[str, int], GroupedSets]:
    """Evidence that does not compress well."""
    sets: dict[Group, StatisticSet] = {
        (hashlib.sha256(b"%d" % n).hexdigest(),): StatisticSet.of([n / 7, n / 3]) for n in range(count)
    }
    return {("x", NOW): GroupedSets(sets), ("y", NOW): GroupedSets(dict(list(sets.items())[:10]), 3)}


def test_evidence_that_is_too_large_for_an_item_is_split_without_loss() -> None:
    """Parts stay under DynamoDB's limit, and together say what the whole says."""
    evidence = many_groups(8_000)
    items = window_items(evidence, BatchRange("s-0", 1, 9), NOW, TIMING)
    assert len(items) > 1
    assert all(len(item.data) <= ITEM_BYTES for item in items)
    assert len({(item.tick, item.source) for item in items}) == len(items)
    partials = without_duplicates(map(read_item, items))
    for key, whole in evidence.items():
        found = [sets for partial in partials for _, sets in partial.sets([key])]
        assert {group: item for part in found for group, item in part.sets.items()} == whole.sets
        assert sum(part.dropped for part in found) == whole.dropped


def test_a_write_of_which_a_part_cannot_be_read_yet_does_not_hide_its_halves() -> None:
    """Only a write that is there in full makes smaller ranges superfluous."""
    items = window_items(many_groups(8_000), BatchRange("s-0", 1, 10), NOW, TIMING)
    left = a_partial(1, 5)
    assert without_duplicates([left, *map(read_item, items[1:])]) == [left]
    assert left not in without_duplicates([left, *map(read_item, items)])


def test_a_period_far_ahead_lies_where_its_evaluation_looks() -> None:
    """Points of clocks that run ahead wait in the tick of their period; a tick ahead is still read from here."""
    evidence = {
        ("x", NOW + offset): GroupedSets({("a",): StatisticSet.of([1.0])}) for offset in (0, 60, 120, 600)
    }
    items = window_items(evidence, BatchRange("s-0", 1, 2), NOW + 5, TIMING)
    found = {item.tick: sorted(start for _, start in read_item(item).periods()) for item in items}
    assert found == {NOW: [NOW, NOW + 60], NOW + 120: [NOW + 120], NOW + 600: [NOW + 600]}


def test_points_too_late_to_judge_anything_are_counted_and_not_kept() -> None:
    """A point whose period ended longer ago than the limit costs no space."""
    old = a_point(NOW - 60 - TIMING.late_limit - 61, 1.0, host="a")
    result = aggregate([old, a_point(NOW, 1.0, host="a")], SelectionIndex.of([SELECTION]), NOW, TIMING, 10)
    assert (result.too_late, result.points, len(result.evidence)) == (1, 1, 1)


def test_a_thousand_healthy_groups_fit_in_a_few_write_units() -> None:
    """The evidence of 1,000 groups with a value of three digits each takes less than 8 KiB."""
    sets: dict[Group, StatisticSet] = {
        (f"host-{n:04d}",): StatisticSet.of([(n * 37 % 1000) / 10]) for n in range(1_000)
    }
    [item] = window_items(
        {("abcdef012345", NOW): GroupedSets(sets)}, BatchRange("s", 10**55, 10**55), NOW, TIMING
    )
    assert len(item.data) < 8 * 1024


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(0, 40), max_size=12), min_size=1, max_size=6), st.integers(1, 9))
def test_a_cap_keeps_the_same_groups_however_they_arrive(batches: list[list[int]], cap: int) -> None:
    """Groups kept of each batch and then of all are those kept of all at once, with all their points."""
    timing, index = TIMING, SelectionIndex.of([SELECTION])
    partials: list[Partial] = []
    for number, hosts in enumerate(batches):
        points = [a_point(NOW, float(host), host=f"h{host}") for host in hosts]
        evidence = aggregate(points, index, NOW, timing, cap).evidence
        if evidence:
            partials += map(read_item, window_items(evidence, BatchRange("s", number, number), NOW, timing))
    everybody = {(f"h{host}",) for hosts in batches for host in hosts}
    merged = merge(partials, {(SELECTION, NOW // 60 * 60)}, timing, cap)[SELECTION.selection_id][
        NOW // 60 * 60
    ]
    assert set(merged.groups) == set(capped(everybody, cap))
    for group, found in merged.groups.items():
        assert found.statistics.count == sum(hosts.count(int(str(group[0])[1:])) for hosts in batches)
    for group in everybody - set(merged.groups):
        assert merged.is_unknown(group)
    assert (merged.dropped > 0) == (len(everybody) > cap)


def test_the_key_of_a_group_fits_its_table() -> None:
    """Values of any length make a sort key within DynamoDB's limit, and different groups different keys."""
    long = ("é" * 1_000,)
    assert group_key(("a", None)) == '["a",null]'
    assert len(group_key(long).encode()) <= 1_024
    assert group_key(long) != group_key(("é" * 1_001,))


def test_what_was_read_takes_no_more_memory_than_its_item() -> None:
    """A period of an hour and late points need the items of hours, which a function cannot hold unpacked."""
    items = window_items(many_groups(4_000), BatchRange("s-0", 1, 9), NOW, TIMING)
    tracemalloc.start()
    partials = [read_item(item) for item in items]
    for partial in partials:
        assert list(partial.periods())
        assert list(partial.sets([("x", NOW)]))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < sum(len(item.data) for item in items) / 4
