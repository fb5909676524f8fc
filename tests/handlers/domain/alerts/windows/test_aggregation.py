"""A batch aggregated: what is kept where there are more groups, or more late ones, than the cap."""

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.windows import aggregation
from handlers.domain.alerts.windows.aggregation import Window, aggregate
from handlers.domain.alerts.windows.selection_index import SelectionIndex
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.point import Point
from tests.support.alert_pipeline import a_point
from tests.support.rules import a_rule

TIMING = Timing()
NOW = 1_763_769_660
RULE = a_rule(by=["host"])
SELECTION = RULE.selection
INDEX = SelectionIndex([RULE])


def test_known_groups_come_first_where_there_are_more_than_the_cap() -> None:
    """New ones take what room is left, in an order that no client can choose; the note is read only then."""
    known = frozenset({("real-1",), ("real-2",)})
    points = [
        a_point(NOW, 1.0, host=name) for name in (*(f"junk-{n}" for n in range(50)), "real-1", "real-2")
    ]
    window = aggregate(points, INDEX, NOW, TIMING, 10, lambda _: known).windows[
        Window(SELECTION.selection_id, NOW)
    ]
    assert known <= window.sets.keys()
    assert (len(window.sets), window.dropped) == (10, 42)
    asked: list[object] = []
    aggregate(points[:10], INDEX, NOW, TIMING, 10, lambda one: asked.append(one) or frozenset())  # type: ignore[func-returns-value]
    assert asked == []


def test_late_points_of_a_batch_have_one_cap_over_all_their_periods() -> None:
    """An evaluation's work is bounded, whatever comes late: the newest periods come first, the rest is too late."""
    points = [a_point(NOW - 60 * minute, 1.0, host=f"h{n}") for minute in range(2, 50) for n in range(4)]
    result = aggregate([*points, a_point(NOW, 1.0, host="a")], INDEX, NOW + 30, TIMING, 10)
    kept = {window.start_s: len(found.sets) for window, found in result.windows.items() if found.sets}
    assert kept == {NOW: 1, NOW - 120: 4, NOW - 180: 4, NOW - 240: 2}
    assert (result.points, result.too_late) == (11, len(points) - 10)


POINTS = st.builds(
    a_point,
    st.integers(NOW - 4000, NOW + 400),
    st.sampled_from([0.1, 0.2, 17.3, -4.0]),
    st.sampled_from(["cpu.load", "disk", "nobody.asks"]),
    host=st.sampled_from("abcd"),
    zone=st.sampled_from("yz"),
)
RULES = [
    a_rule(by=["host"]),
    a_rule(by=["host"], period=300),
    a_rule(match={"zone": "z"}),
    a_rule(match={"zone": "none"}, period=3600),
    a_rule(metric_name="disk", by=["zone", "rack"], period=120),
]


@given(st.lists(POINTS, max_size=40), st.integers(1, 3))
def test_a_batch_is_aggregated_as_point_for_point(points: list[Point], cells: int) -> None:
    """Each point counts in each selection that asks for it, whatever order they come in and however many at once."""
    selections = [rule.selection for rule in RULES]
    expected: dict[Window, dict[Group, list[float]]] = {}
    too_late = 0
    for point in points:
        for selection in selections:
            group = selection.group_in(point.series.metric_type, dict(point.series.dimensions))
            if selection.metric_name != point.series.metric_name or group is None:
                continue
            start_s = point.time_ns // 10**9 // selection.period_s * selection.period_s
            if start_s + selection.period_s + TIMING.allowed_lateness_s < NOW:
                too_late += 1
                continue
            window = expected.setdefault(Window(selection.selection_id, start_s), {})
            window.setdefault(group, []).append(point.value)
    with patch.object(aggregation, "_CELLS", cells):
        found = aggregate(points, SelectionIndex(RULES), NOW, TIMING, 100)
    assert {window: dict(item.sets) for window, item in found.windows.items()} == {
        window: {group: StatisticSet.of(values) for group, values in groups.items()}
        for window, groups in expected.items()
    }
    counted = sum(len(values) for groups in expected.values() for values in groups.values())
    assert (found.points, found.too_late) == (counted, too_late)
