"""Windows as items: every record counts once, nothing is cut, nothing is lost."""

import gc
import hashlib
import random
import tracemalloc
import zlib
from dataclasses import replace

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.domain.alerts.evaluation.admission import Admission
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.selection import Group, group_key
from handlers.domain.alerts.rules.statistic import Part, Statistic
from handlers.domain.alerts.windows.aggregation import (
    Window,
    WindowAggregate,
    WindowAggregates,
    aggregate,
    capped,
)
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.domain.alerts.windows.merging import Wanted, merge_windows
from handlers.domain.alerts.windows.selection_index import SelectionIndex
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.window_items import (
    WindowItem,
    window_items,
    without_duplicates,
)
from tests.support.alert_pipeline import a_point
from tests.support.rules import STATISTICS, a_rule

ITEM_BYTES = 350_000
TIMING = Timing()
NOW = 1_763_769_660
RULE = a_rule(by=["host"])
SELECTION = RULE.selection


def items_of(windows: WindowAggregates, batch: BatchRange, now_s: float = NOW) -> list[WindowItem]:
    """The items of a batch's windows."""
    return window_items(windows, batch, now_s, TIMING, ITEM_BYTES)


def unpacked(item: WindowItem, selection_id: str) -> WindowAggregates:
    """The windows of a selection that an item says."""
    starts = [window for window, _ in item.packed({selection_id})]
    every = Wanted(item.written_at_ms // 1000 + 1, counts=True, parts=frozenset(Part))
    return {
        window: WindowAggregate(
            {group: sums.statistics() for group, sums in merged.groups.items() if sums}, merged.dropped
        )
        for window, merged in merge_windows([item], dict.fromkeys(starts, every)).items()
    }


def an_item(first: int, last: int, at_s: int = NOW, shard: str = "s-0", value: float = 1.0) -> WindowItem:
    """An item of one point."""
    windows = {Window("x", NOW): WindowAggregate({("a",): StatisticSet.of([value])})}
    return items_of(windows, BatchRange(shard, first, last), at_s)[0]


@given(st.lists(st.tuples(st.text(min_size=1, max_size=6), st.floats(-1e9, 1e9)), min_size=1, max_size=30))
def test_an_item_says_what_was_written(points: list[tuple[str, float]]) -> None:
    """Windows read from their item are the windows, whatever the groups are called."""
    windows = aggregate(
        (a_point(NOW, v, host=h) for h, v in points), SelectionIndex([RULE]), NOW, TIMING, 100
    ).windows
    [written] = window_items(windows, BatchRange("s-0", 5, 9), NOW, TIMING, ITEM_BYTES)
    item = WindowItem.read(written.interval_start_s, written.source, written.written_at_ms, written.data)
    assert item == written
    assert unpacked(item, SELECTION.selection_id) == windows
    assert unpacked(item, "another") == {}
    assert (item.batch, item.part, item.parts) == (BatchRange("s-0", 5, 9), 1, 1)


def test_ranges_inside_others_are_dropped() -> None:
    """Of a batch and its halves, only the batch counts; neighbours and other shards are untouched."""
    whole, left, right = an_item(1, 10), an_item(1, 5), an_item(6, 10)
    next_one, elsewhere = an_item(11, 12), an_item(1, 5, shard="s-1")
    kept = without_duplicates([right, elsewhere, left, whole, next_one])
    assert [item.batch for item in kept] == [whole.batch, next_one.batch, elsewhere.batch]


def test_halves_count_when_the_whole_was_never_written() -> None:
    """A batch that failed before it wrote counts by its halves."""
    left, right = an_item(1, 5), an_item(6, 10)
    assert without_duplicates([right, left]) == [left, right]


def test_a_batch_written_twice_counts_once_and_is_known_since_the_first_time() -> None:
    """A repetition replaces the first attempt, but does not make its windows late."""
    first, again = an_item(1, 10), an_item(1, 10, at_s=NOW + 120)
    [kept] = without_duplicates([again, first])
    assert kept.written_at_ms == first.written_at_ms
    assert kept.interval_start_s == again.interval_start_s


def test_a_group_whose_counters_are_too_large_for_an_item_is_split_without_loss() -> None:
    """Many processes without `by`: each point of each is kept, and all of them are one group."""
    rule = a_rule(statistic="increase")
    points = [
        a_point(NOW + second, float(second * 1_000 + number), host=f"h{number}")
        for number in range(300)
        for second in range(5)
    ]
    windows = aggregate(points, SelectionIndex([rule]), NOW, TIMING, 100).windows
    items = window_items(windows, BatchRange("s-0", 1, 9), NOW, TIMING, 2_000)
    assert len(items) > 3
    assert all(len(item.data) <= 2_000 for item in items)
    window = Window(rule.selection.selection_id, NOW // 60 * 60)
    wanted = {window: Wanted(NOW + 1, counts=True, parts=frozenset(Part))}
    merged = merge_windows(without_duplicates(items), wanted)[window]
    assert {group: sums.statistics() for group, sums in merged.groups.items() if sums} == windows[window].sets


@given(
    st.lists(
        st.tuples(st.integers(0, 59), st.floats(-1e9, 1e9), st.sampled_from("abc"), st.sampled_from("yz")),
        min_size=1,
        max_size=40,
        unique_by=lambda one: (one[0], one[2], one[3]),
    ),
    st.randoms(use_true_random=False),
)
def test_any_shards_and_batches_give_the_statistics_of_all_points(
    points: list[tuple[int, float, str, str]], chance: random.Random
) -> None:
    """Percentiles, deviations and counters too, whatever is in time or late, and in whatever items it lies."""
    rules = [a_rule(by=["host"], statistic=str(name), rule_id=f"r{n}") for n, name in enumerate(STATISTICS)]
    index = SelectionIndex(rules)
    all_points = [a_point(NOW + time, value, host=host, zone=zone) for time, value, host, zone in points]
    [whole] = aggregate(all_points, index, NOW, TIMING, 100).windows.values()
    items: list[WindowItem] = []
    left = list(all_points)
    chance.shuffle(left)
    while left:
        some = [left.pop() for _ in range(min(len(left), chance.randint(1, 7)))]
        number, late_s = len(items), chance.choice((0, 300))
        batch = BatchRange(chance.choice(("s-0", "s-1")), number * 10, number * 10 + 9)
        found = aggregate(some, index, NOW + late_s, TIMING, 100).windows
        items += window_items(found, batch, NOW + late_s, TIMING, ITEM_BYTES)
    window = Window(SELECTION.selection_id, NOW)
    wanted = {window: Wanted(NOW + 61, counts=True, parts=frozenset(Part))}
    merged = merge_windows(without_duplicates(items), wanted)[window]
    for group, expected in whole.sets.items():
        aggregated = merged.aggregate(group)
        assert aggregated is not None
        assert aggregated.statistics == expected
        for statistic in STATISTICS:
            assert aggregated.statistics.value(statistic, 60) == expected.value(statistic, 60)


def test_items_without_a_part_and_with_unknown_ones_are_read() -> None:
    """An older version, or one that knew no rule for it, wrote fewer columns, and a newer one may write more."""
    p99, increase = Statistic("p99"), Statistic.INCREASE
    content = {
        SELECTION.selection_id: {str(NOW): {"g": [["a"]], "n": [2], "t": "5", "l": "2", "h": "3", "z": ["?"]}}
    }
    old = replace(an_item(1, 9), data=zlib.compress(orjson.dumps(content)))
    rules = [a_rule(by=["host"], statistic=str(one), rule_id=str(one)) for one in (p99, increase)]
    found = aggregate([a_point(NOW, 100.0, host="a")], SelectionIndex(rules), NOW, TIMING, 100).windows
    window = Window(SELECTION.selection_id, NOW)
    wanted = {window: Wanted(NOW + 61, counts=True, parts=frozenset(Part))}
    [sums] = merge_windows([old], wanted)[window].groups.values()
    assert sums is not None
    kept = sums.statistics()
    assert [kept.value(one) for one in (Statistic.SUM, Statistic.MAX, p99, increase)] == [5, 3, None, None]
    new = items_of(found, BatchRange("s-0", 10, 19))
    [sums] = merge_windows([old, *new], wanted)[window].groups.values()
    assert sums is not None
    # The percentile is that of the points that were known for it.
    assert sums.count == 3
    assert sums.statistics().value(p99) == 100


def many_groups(count: int) -> dict[Window, WindowAggregate]:
    """Windows that does not compress well."""
    sets: dict[Group, StatisticSet] = {
        (hashlib.sha256(b"%d" % n).hexdigest(),): StatisticSet.of([n / 7, n / 3]) for n in range(count)
    }
    few = dict(list(sets.items())[:10])
    return {Window("x", NOW): WindowAggregate(sets), Window("y", NOW): WindowAggregate(few, 3)}


def test_windows_that_are_too_large_for_an_item_are_split_without_loss() -> None:
    """Parts stay under DynamoDB's limit, and together say what the whole says."""
    windows = many_groups(8_000)
    items = items_of(windows, BatchRange("s-0", 1, 9))
    assert len(items) > 1
    assert all(len(item.data) <= ITEM_BYTES for item in items)
    assert len({(item.interval_start_s, item.source) for item in items}) == len(items)
    kept = without_duplicates(items)
    for window, whole in windows.items():
        parts = (unpacked(item, window.selection_id) for item in kept)
        found = [part[window] for part in parts if window in part]
        assert {group: item for part in found for group, item in part.sets.items()} == whole.sets
        assert sum(part.dropped for part in found) == whole.dropped


def test_a_write_of_which_a_part_cannot_be_read_yet_does_not_hide_its_halves() -> None:
    """Only a write that is there in full makes smaller ranges superfluous."""
    items = items_of(many_groups(8_000), BatchRange("s-0", 1, 10))
    left = an_item(1, 5)
    assert without_duplicates([left, *items[1:]]) == [left]
    assert left not in without_duplicates([left, *items])


def test_a_period_far_ahead_lies_where_its_evaluation_looks() -> None:
    """Points of clocks that run ahead wait in the interval of their period; the next one is still read from here."""
    windows = {
        Window("x", NOW + offset): WindowAggregate({("a",): StatisticSet.of([1.0])})
        for offset in (0, 60, 120, 600)
    }
    items = items_of(windows, BatchRange("s-0", 1, 2), NOW + 5)
    found = {
        item.interval_start_s: sorted(window.start_s for window, _ in item.packed({"x"})) for item in items
    }
    assert found == {NOW: [NOW, NOW + 60], NOW + 120: [NOW + 120], NOW + 600: [NOW + 600]}


def test_points_later_than_is_allowed_are_counted_and_not_kept() -> None:
    """A point whose period ended longer ago than the limit costs no space."""
    old = a_point(NOW - 60 - TIMING.allowed_lateness_s - 61, 1.0, host="a")
    result = aggregate([old, a_point(NOW, 1.0, host="a")], SelectionIndex([RULE]), NOW, TIMING, 10)
    assert (result.too_late, result.points, len(result.windows)) == (1, 1, 1)


def test_a_thousand_healthy_groups_fit_in_a_few_write_units() -> None:
    """The aggregates of 1,000 groups with a value of three digits each takes less than 8 KiB."""
    sets: dict[Group, StatisticSet] = {
        (f"host-{n:04d}",): StatisticSet.of([(n * 37 % 1000) / 10]) for n in range(1_000)
    }
    windows = {Window("abcdef012345", NOW): WindowAggregate(sets)}
    [item] = items_of(windows, BatchRange("s", 10**55, 10**55))
    assert len(item.data) < 8 * 1024


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(0, 40), max_size=12), min_size=1, max_size=6), st.integers(1, 9))
def test_a_cap_keeps_the_same_groups_however_they_arrive(batches: list[list[int]], cap: int) -> None:
    """Groups kept of each batch and then of all are those kept of all at once, with all their points."""
    items: list[WindowItem] = []
    for number, hosts in enumerate(batches):
        points = [a_point(NOW, float(host), host=f"h{host}") for host in hosts]
        windows = aggregate(points, SelectionIndex([RULE]), NOW, TIMING, cap).windows
        if windows:
            items += items_of(windows, BatchRange("s", number, number))
    everybody = {(f"h{host}",) for hosts in batches for host in hosts}
    window = Window(SELECTION.selection_id, NOW // 60 * 60)
    wanted = Wanted(NOW + 1, counts=True)
    merged = merge_windows(items, {window: wanted})[window]
    admission = Admission(cap, merged)
    kept = [group for group in merged.names if admission.has_room_for(group)]
    assert set(kept) == set(capped(everybody, cap))
    for group in kept:
        found = merged.aggregate(group)
        assert found is not None
        assert found.statistics.count == sum(hosts.count(int(str(group[0])[1:])) for hosts in batches)
    for group in everybody - merged.names:
        assert admission.is_unknown(group)
    assert admission.is_over == (len(everybody) > cap)


def test_the_key_of_a_group_fits_its_table() -> None:
    """Values of any length make a sort key within DynamoDB's limit, and different groups different keys."""
    long = ("é" * 1_000,)
    assert group_key(("a", None)) == '["a",null]'
    assert len(group_key(long).encode()) <= 1_024
    assert group_key(long) != group_key(("é" * 1_001,))


def test_what_was_read_takes_no_more_memory_than_its_item() -> None:
    """A period of an hour and late points need the items of hours, which a function cannot hold unpacked."""
    written = items_of(many_groups(4_000), BatchRange("s-0", 1, 9))
    tracemalloc.start()
    items = [
        WindowItem.read(item.interval_start_s, item.source, item.written_at_ms, item.data) for item in written
    ]
    for item in items:
        assert list(item.packed({"x"}))
    gc.collect()  # empties the interpreter's own store of used tuples
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < sum(len(item.data) for item in items) / 4
