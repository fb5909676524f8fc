"""Explosions of groups: what they cost, and who made them."""

import json
from collections.abc import Iterator

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.windows.aggregation import WindowAggregates, aggregate
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.domain.alerts.windows.explosion import Explosion
from handlers.domain.alerts.windows.merging import Wanted, merge_windows
from handlers.domain.alerts.windows.selection_index import SelectionIndex
from handlers.domain.alerts.windows.window_items import window_items
from handlers.domain.point import Point, Series
from tests.support.alert_pipeline import ALL_RULES, Pipeline, a_point
from tests.support.rules import a_rule

START = 1_763_769_600
CAP = 100


def pods(count: int, name: str = "pod") -> Iterator[Point]:
    """A point of each of so many pods, on three hosts."""
    sample = a_point(START, 9.0)
    for number in range(count):
        dimensions = (("host", f"h{number % 3}"), ("pod", f"{name}-{number:06}"))
        yield sample._replace(series=Series("cpu.load", "application", dimensions))


def windows(points: Iterator[Point], known: frozenset[Group] = frozenset()) -> WindowAggregates:
    """The windows of a batch of a rule by host and pod."""
    index = SelectionIndex([a_rule(by=["host", "pod"])])
    return aggregate(points, index, START + 10, Timing(), CAP, lambda _: known).windows


def test_a_hundred_thousand_groups_at_once_take_the_room_of_those_that_are_kept() -> None:
    """The item of a batch grows by who made them alone, however many they are."""
    batch = BatchRange("s-0", 1, 1)

    def size(count: int) -> int:
        items = window_items(windows(pods(count)), batch, START + 10, Timing(), 350_000)
        return sum(len(item.data) for item in items)

    # The values of those that are kept are further apart, and so pack worse.
    assert size(100_000) < size(CAP) + 600


def test_who_made_them_is_the_dimension_with_the_most_values_and_the_client() -> None:
    """Of those that are new: neither a dimension that all share, nor a host that was there before."""
    before = frozenset({(f"h{number % 3}", f"pod-{number:06}") for number in range(CAP)})
    [window] = windows(pods(1_000), before).values()
    found = window.explosion
    assert found is not None
    assert (found.groups, found.dimension, found.values) == (900, "pod", 900)
    assert found.examples == ("pod-000100", "pod-000101", "pod-000102")
    client = a_point(START, 1.0).record.client
    assert found.clients == (((client, 900),) if client else ())
    [small] = windows(pods(CAP)).values()
    assert small.explosion is None


def test_it_goes_with_the_items_and_the_largest_is_told() -> None:
    """Whatever batches and parts they are in, and what it says fits a line."""
    explosions, items = [], []
    for number, count in enumerate((300, 900, 200), start=1):
        found = windows(pods(count, "p" * 100))
        explosions.append(next(iter(found.values())).explosion)
        items += window_items(found, BatchRange("s-0", number, number), START + 10, Timing(), 1_000)
    [name] = found
    merged = merge_windows(items, {name: Wanted(START + 100, names=True)})
    assert merged[name].explosion == explosions[1]
    assert explosions[1] is not None
    assert Explosion.read(json.loads(json.dumps(explosions[1].document()))) == explosions[1]
    assert len(str(explosions[1])) < 600


def test_clients_are_told_with_the_number_of_their_groups() -> None:
    """The first three; those that did not come through the API have no name."""
    groups = {(f"g{number}",) for number in range(10)}
    found = Explosion.of(["host"], groups, ["a"] * 3 + ["b"] * 4 + ["c", "d", ""])
    assert found.clients == (("b", 4), ("a", 3))
    assert Explosion.of(["host"], {(None,), ("a",)}).examples == ("", "a")


def test_ever_new_groups_write_no_more_alerts_than_the_cap_and_are_told_of() -> None:
    """Each minute brings hundreds that breach, and then go missing: alerts, writes and notes stay within the cap."""
    rule = a_rule(by=["host", "pod"], missing_data="missing")
    pipeline = Pipeline([rule], Timing(), CAP)
    for minute in range(5):
        now_s = START + 60 * minute
        points = [point._replace(time_ns=now_s * 10**9) for point in pods(700, f"m{minute}")]
        pipeline.write(points, BatchRange("s-0", minute + 1, minute + 1), now_s + 5)
        before = len(pipeline.updates)
        outcome = pipeline.evaluator.evaluate(
            {**ALL_RULES, "first": now_s, "since": now_s, "begun": 0}, now_s, now_s, Timing().ready_at(now_s)
        )
        assert len(pipeline.updates) - before <= CAP
        made = outcome.exploded[rule.key]
        assert (made["dimension"], made["groups"]) == ("pod", 700)
        assert outcome.over_cap[rule.key] >= 600
    assert len(pipeline.table.open_keys()) <= CAP
    [note] = pipeline.windows.noted.values()
    assert len(note.groups) <= 2 * CAP
    assert note.explosion is not None
    assert note.explosion.dimension == "pod"
